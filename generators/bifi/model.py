"""The encoder-decoder, as a transformers configuration.

Pegasus's architecture is fairseq's transformer as BIFI trains it: layers normalised before they compute, sinusoidal
positions, one embedding. In equal time on one core it learned to copy where T5's relative positions had not begun to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from generators.bifi.config import ModelConfig
from generators.bifi.vocabulary import EOS, PAD

if TYPE_CHECKING:
    from transformers import PegasusForConditionalGeneration


def build_model(
    config: ModelConfig,
    vocabulary: int,
    dropout: float = 0.0,
    attention_dropout: float = 0.0,
    device: torch.device | str = "cpu",
) -> PegasusForConditionalGeneration:
    """A model with fresh weights, drawn from torch's global source, for ``vocabulary`` ids."""
    from transformers import PegasusConfig, PegasusForConditionalGeneration

    settings = PegasusConfig(
        vocab_size=vocabulary, d_model=config.width, max_position_embeddings=config.max_words,
        encoder_layers=config.encoder_layers, decoder_layers=config.decoder_layers,
        encoder_attention_heads=config.heads, decoder_attention_heads=config.heads,
        encoder_ffn_dim=config.feedforward, decoder_ffn_dim=config.feedforward, activation_function="relu",
        dropout=dropout, attention_dropout=attention_dropout, activation_dropout=attention_dropout,
        init_std=config.width**-0.5, scale_embedding=True, tie_word_embeddings=True,
        pad_token_id=PAD, eos_token_id=EOS, decoder_start_token_id=PAD, forced_eos_token_id=None,
    )  # fmt: skip
    model = PegasusForConditionalGeneration(settings)
    torch.nn.Module.to(model, torch.device(device))  # transformers' own is not typed
    return model


def pad(rows: Sequence[Sequence[int]]) -> Tensor:
    """Ids (B, L): each row, its end, padding to the longest."""
    ids_BL = torch.full((len(rows), max(map(len, rows)) + 1), PAD, dtype=torch.long)
    for i, ids in enumerate(rows):
        ids_BL[i, : len(ids)] = torch.tensor(ids, dtype=torch.long)
        ids_BL[i, len(ids)] = EOS
    return ids_BL


def forced_logits(model: torch.nn.Module, source_BS: Tensor, target_BL: Tensor) -> Tensor:
    """Logits (B, L, V) of each word of the target, given the source and the words before it."""
    start_B1 = torch.full_like(target_BL[:, :1], PAD)
    logits_BLV: Tensor = model(
        input_ids=source_BS, attention_mask=(source_BS != PAD).long(),
        decoder_input_ids=torch.cat([start_B1, target_BL[:, :-1]], dim=1), use_cache=False,
    ).logits  # fmt: skip
    return logits_BLV


def weights(model: torch.nn.Module) -> dict[str, Tensor]:
    """What was learned: positions are computed, and a shared weight is listed once."""
    return {name: p.detach().cpu().contiguous() for name, p in model.named_parameters() if p.requires_grad}


@torch.no_grad()
def load_weights(model: torch.nn.Module, tensors: dict[str, Tensor]) -> None:
    """Set what `weights` gave.

    Raises:
        ValueError: a tensor is missing, unknown, or of another shape.
    """
    own = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    if differ := sorted(own.keys() ^ tensors.keys()):
        raise ValueError(f"{differ[0]} is {'missing' if differ[0] in own else 'unknown'}")
    for name, parameter in own.items():
        if parameter.shape != tensors[name].shape:
            raise ValueError(f"{name} is {list(tensors[name].shape)}, not {list(parameter.shape)}")
        parameter.copy_(tensors[name])
