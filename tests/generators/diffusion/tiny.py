"""Models of structure tokens that are made in a moment: with random weights, or giving one answer to everything."""

from __future__ import annotations

import torch

from generators.diffusion.checkpoint import Checkpoint, CheckpointConfig
from generators.diffusion.config import ModelConfig, Preset, SamplingConfig, TrainingConfig
from generators.diffusion.data import Tokenizer
from generators.diffusion.model import CodeDiffusion
from generators.diffusion.text.lexemes import SnippetTokenizer
from generators.diffusion.text.vocabulary import StructureVocabulary
from validators.structure import get_structure_tokens

FORMULAS = (
    "=SUM(A1:B7)", '=IF(A1>=7,"Yes","No")', "=ROUND(A1/B7,2)", "=Sheet2!A1^2", "=A1&B7<>0", "=MAX(A1,B7)-3*C4",
    "=IF(AND(A1<1,B7>2),SUM(A1:C9),0)", "={1;2}+{3,4}",
)  # fmt: skip
PROGRAMS = (
    "print(x)\n", "if x == 1:\n    print(y)\nelse:\n    y = [1, 2]\n", "for i in range(n):\n    f(i, 'a')\n",
    "def f(a, b):\n    return a + b\n", 'print "x"\n', "x = {'a': 1}\n", "while not done:\n    n += 1\n",
)  # fmt: skip
SCRIPTS = (
    "$x = Get-Item -Path $p", "if ($a -eq 1) {\n    foo\n} else {\n    $b += 2\n}", "$s.Trim() | Where-Object { $_ }",
    "foreach ($i in 1..7) { [int]$i[0] }", 'foo -Bar:$true "a b"', "@{a = 'x'; b = @(1, 2)}", "[Math]::Max($(foo), 7)",
)  # fmt: skip
CODES = {"excel": FORMULAS, "powershell": SCRIPTS, "python": PROGRAMS}


def vocabulary(language: str) -> StructureVocabulary:
    """Every structure token of a few snippets."""
    structure = get_structure_tokens(language).structure
    return StructureVocabulary.train(language, [structure(code).tokens for code in CODES[language]], 1, 512)


def tiny_checkpoint(
    language: str = "excel", *, answer: str | None = None, max_tokens: int = 32,
    lexemes: SnippetTokenizer | None = None,
) -> Checkpoint:  # fmt: skip
    """A model that takes about a millisecond a step; with ``answer`` it names that token in every place, whatever
    else it sees; with ``lexemes`` it has full literals."""
    tokenizer: Tokenizer = lexemes or vocabulary(language)
    model_config = ModelConfig(
        embedding_dim=8, width=16, heads=2, feedforward=2, denoiser_blocks=1, decoder_blocks=1, min_tokens=8,
        max_tokens=max_tokens, frame_step=4, unit_embeddings=True, self_conditioning=True, rotary=True,
        denoiser_kernel=3, decoder_kernel=3, time_frequency=16.0,
    )  # fmt: skip
    settings = Preset(
        model=model_config,
        training=TrainingConfig(
            steps=1, batch_tokens=64, learning_rate=1e-3, weight_decay=0.0, padding_weight=0.2, warp=False,
            literals="full" if lexemes else "slots", sketch_cap=0,
        ),
        sampling=SamplingConfig(steps=4, feedback="softmax"),
    )  # fmt: skip
    config = CheckpointConfig(
        language=language, preset="small", **dict(settings), frame_counts=[1] * len(model_config.frames),
        trained_steps=0, corpus_sha256="0" * 64,
    )  # fmt: skip
    return Checkpoint(config=config, model=_model(model_config, tokenizer, answer), tokenizer=tokenizer)


def _model(config: ModelConfig, tokenizer: Tokenizer, answer: str | None) -> CodeDiffusion:
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = CodeDiffusion(config, len(tokenizer)).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.2)
            if answer is None:  # the nearest embedding, so that texts differ from row to row
                model.head.weight.copy_(model.embeddings())
                model.head.bias.zero_()
            else:
                model.head.weight.zero_()
                model.head.bias.copy_(torch.eye(len(tokenizer))[tokenizer.encode(answer)[0]] * 20)
    return model
