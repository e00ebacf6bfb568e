"""The dataset card. It lists every file by name: a reader takes exactly those, never what lies beside them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import yaml

from schemas.manifest import NEAR, Manifest
from schemas.record import COLUMNS

_HOW = {
    "diffusion": "A code diffusion model, trained on correct snippets alone, turned Gaussian noise into code step by "
    "step. Of each trajectory the last text is `fixed`; the text decoded at an earlier step t is `broken`. The method "
    "is that of *Diffusion is a code repair operator and generator* (arXiv 2508.11110).",
    "diffusion renoise": "A code diffusion model, trained on correct snippets alone, wrote `fixed` from Gaussian "
    "noise. In one place of it some tokens were then replaced by noise, and what the model first made of that, while "
    "all else was held clean, is `broken`: noise and resume (*Diffusion is a code repair operator and generator*, "
    "arXiv 2508.11110) with a noise level for each token, which departs from the paper. Up to four pairs share a "
    "`fixed`; "
    "`recipe` says how many tokens went and came (`gap=1>0`).",
    "diffusion corpus": "`fixed` is a snippet that people wrote. In one place of it some tokens were replaced by "
    "noise, and what a code diffusion model, trained on correct snippets alone, first made of that, while all else was "
    "held clean, is `broken`: noise and resume (*Diffusion is a code repair operator and generator*, arXiv 2508.11110) "
    "with a noise level for each token, which departs from the paper. `recipe` says how many tokens went and came "
    "(`gap=1>0`).",
    "flame": "Correct formulas were broken by the 17 noise operators of FLAME (arXiv 2301.13779), one operator a "
    "formula; `recipe` names it.",
    "bifi": "Correct snippets were broken in the manner of BIFI (Break-It-Fix-It, ICML 2021): by a breaker that was "
    "trained on real mistakes, or, where `recipe` names operators, by heuristic perturbations of brackets, white space "
    "and other syntax. The perturbations are a reconstruction: the authors' own are not published.",
    "gpt4o": "A language model was asked, over an OpenAI-compatible interface, to break correct snippets as people do. "
    "`recipe` names the model and the hash of the prompt.",
}


def pending_card(language: str) -> str:
    """A card for the time before the first version is out: a reader gets an error that says so, not half a dataset."""
    missing = f"data/{language}/not-published-yet.parquet"
    configs = [{"config_name": language, "default": True, "data_files": [{"split": "train", "path": [missing]}]}]
    return _front_matter({"configs": configs}) + "This dataset is being made; nothing is published yet.\n"


def render_card(manifest: Manifest, manifest_sha256: str) -> str:
    """README.md in Markdown with YAML metadata; follows from the manifest alone."""
    fields = manifest.identity.fields
    language, generator = str(fields["language"]), str(fields["generator"])
    statistics = manifest.statistics
    rows = manifest.ledger["written"]
    metadata = {
        "pretty_name": f"{language} repair pairs by {generator}",
        "license": "other",
        "task_categories": ["text-generation"],
        "tags": ["code", "code-repair", "program-repair", "synthetic", language, generator],
        "configs": _configs(manifest, language),
    }
    sections = [
        f"# {rows:,} pairs of broken and fixed {language} code",
        _how(generator, fields.get("diffusion.mode")),
        "A pair is kept if the language's parser accepts `fixed` and refuses `broken`, they differ in few enough "
        "tokens, and no earlier row holds the same pair. Splits follow from the sketch of `fixed` (its text with the "
        "constants removed): no sketch stands in two splits.",
        "## Load",
        f'```python\nfrom datasets import load_dataset\n\npairs = load_dataset("PATH", "{language}")\n```',
        _table(("config", "split", "files", "rows"), _split_rows(manifest)),
        "## What became of every sampled row",
        _table(("rows", "outcome"), _ledger_rows(manifest.ledger)),
        f"{statistics['acceptance']:.2%} of the sampled rows passed the filters, before duplicates were removed and "
        "the number of pairs was cut to what was asked for.",
        *_corpus(statistics.get("corpus")),
        *_cost(statistics.get("cost")),
        *_level_yields(statistics.get("level_yields")),
        *_model_yields(statistics.get("model_yields")),
        *_human_likeness(statistics.get("human_likeness")),
        "## Figures",
        *(
            _table((title, "pairs"), statistics[name].items())
            for name, title in (
                ("token_edit_distance", "token edit distance"),
                ("noise_level", "noise level t/T"),
                ("error_kind", "error kind of `broken`"),
            )
            if statistics[name]
        ),
        "## Columns",
        _table(("column", "meaning"), ((f"`{name}`", meaning) for name, meaning in COLUMNS.items())),
        "## Identity",
        f"Fingerprint `{manifest.fingerprint}`; schema version {manifest.schema_version}; {manifest.shards} shards; "
        f"SHA-256 of manifest.json `{manifest_sha256}`. Equal settings give equal rows:",
        _table(("setting", "value"), ((f"`{k}`", _cell(v)) for k, v in sorted(fields.items()))),
    ]
    return _front_matter(metadata) + "\n\n".join(sections) + "\n"


def _how(generator: str, mode: object) -> str:
    """How the pairs were made."""
    return _HOW.get(f"{generator} {mode}", _HOW[generator])


def _level_yields(levels: Mapping[str, Mapping[str, int]] | None) -> list[str]:
    if levels is None:
        return []
    columns = ("sampled", "repaired", "pairs", "near")
    return [
        "## Where on their trajectories the pairs come from",
        "Every sampled row, by the noise level t/T of `broken`: above the first number, up to the second. Repaired: "
        "the parser accepts `fixed`, and `broken` is another text. Pairs: passed the filters, before duplicates and "
        f"surplus were removed. Near: those at most {NEAR} tokens apart.",
        _table(("t/T", *columns), ((level, *(counts[c] for c in columns)) for level, counts in levels.items())),
        "`diffusion.t_range` draws from a part of the trajectory, `diffusion.selection=stratified` among texts that "
        "the parser refuses, by their distance to `fixed`; `filters.max_distance` drops pairs that are too far apart.",
    ]


def _model_yields(yields: Mapping[str, Any] | None) -> list[str]:
    if yields is None:
        return []
    figures = ("pairs_per_thousand", "near_per_thousand", "pairs_a_minute")
    rows = (
        (option["name"], f"`{_cell(option['settings'])}`", *(f"{option[figure]:,.1f}" for figure in figures))
        for option in yields["options"]
    )
    return [
        "## What other settings would yield",
        f"Measured with this model and its own sampler on {yields['samples']:,} trajectories ({yields['date']}, "
        f"{yields['machine']}) by `{yields['command']}`; speeds are of that machine.",
        _table(("", "settings", "pairs per 1,000 trajectories", f"within {NEAR} tokens", "pairs a minute"), rows),
    ]


def _human_likeness(likeness: Mapping[str, Any] | None) -> list[str]:
    if likeness is None:
        return []
    people, floor = likeness["people"], likeness["people"]["floor"]
    files = ", ".join(f"{file['name']} (SHA-256 `{file['sha256'][:16]}`)" for file in people["files"])
    rows = (
        (f"`{_cell(name)}`", f"{shares['pairs']:.1%}", f"{shares['people']:.1%}")
        for name, shares in likeness["edit_types"].items()
    )
    from_people = "" if floor is None else (
        f" People differ from people by {floor['divergence']:.3f}, in the mean over random halves of {floor['pairs']:,}"
        " mistakes each; of more mistakes it would be less."
    )  # fmt: skip
    return [
        "## How like people's mistakes",
        f"Jensen-Shannon divergence of edit types from real mistakes: **{likeness['divergence']:.3f}** (base 2; 0: the "
        f"same shares, 1: no type in common). Compared were the first {likeness['pairs']:,} pairs of the train split "
        f"(at most 3,000 are looked at) with {people['pairs']:,} mistakes that people made and mended, of which the "
        f"project keeps the shares alone: {files}, {people['date']}.{from_people} The fewer pairs, the higher such a "
        "figure: compare it at equal numbers only, as `evaluate pairs` does, which gives intervals too.",
        _table(("edit type", "pairs", "people"), rows),
        "An edit type is the class of the broken token, `>`, the class of the fixed one, with `-` for no token: `)>-` "
        "is a bracket too many. Brackets, operators, separators and keywords are classes of their own; `long` is a run "
        "of more than six edits. A pair counts 1, however many edits it has.",
    ]


def _corpus(corpus: Mapping[str, Any] | None) -> list[str]:
    if corpus is None:
        return []
    return [
        "## Corpus",
        f"The correct snippets are of {corpus['name']}: {corpus['read']:,} were read, {corpus['used']:,} used; "
        f"{corpus['rejected']:,} were left out since the parser refuses them, {corpus['too_long']:,} for their length, "
        f"{corpus['duplicates']:,} as duplicates. `source_id` says where a snippet is from; its licence is that of its "
        "source.",
    ]


def _cost(cost: Mapping[str, Any] | None) -> list[str]:
    if cost is None:
        return []
    tokens = {way: cost[way] + cost[f"batched_{way}"] for way in ("input_tokens", "output_tokens")}
    return [
        "## Cost",
        f"{cost['answers']:,} answers with {tokens['input_tokens']:,} tokens in and {tokens['output_tokens']:,} out: "
        f"{cost['dollars']:,.2f} dollars by the prices given to the run.",
    ]


def _front_matter(metadata: Mapping[str, Any]) -> str:
    return f"---\n{yaml.safe_dump(dict(metadata), sort_keys=False, width=1000)}---\n\n"


def _configs(manifest: Manifest, language: str) -> list[dict[str, Any]]:
    configs = []
    for name, files in groupby(manifest.files, key=lambda f: f.config):
        splits = [
            {"split": split, "path": [f.path for f in group]} for split, group in groupby(files, key=lambda f: f.split)
        ]
        configs.append({"config_name": name, **({"default": True} if name == language else {}), "data_files": splits})
    return configs


def _split_rows(manifest: Manifest) -> list[tuple[str, str, str, str]]:
    rows = []
    for (name, split), group in groupby(manifest.files, key=lambda f: (f.config, f.split)):
        files = list(group)
        rows.append((name, split, f"{len(files):,}", f"{sum(f.rows for f in files):,}"))
    return rows


def _ledger_rows(ledger: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [(f"{ledger['sampled']:,}", "sampled"), (f"{ledger['written']:,}", "published as pairs")]
    for outcome in ("rejected", "failed"):
        rows += [(f"{n:,}", f"{outcome}: {reason}") for reason, n in sorted(ledger[outcome].items())]
    return rows


def _table(head: tuple[str, ...], rows: Any) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(f'{c:,}' if isinstance(c, int) else c for c in line)} |" for line in lines)


def _cell(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return "not set" if value is None else text.replace("|", "\\|").replace("\n", " ") or "none"
