"""A trained fixer or breaker: from a text to the most likely other texts, by beam search."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from generators.bifi.config import SearchConfig
from generators.bifi.model import pad
from generators.bifi.vocabulary import PAD, Vocabulary
from generators.bifi.words import Masked, mask, restore
from validators import Language

if TYPE_CHECKING:
    from transformers import PegasusForConditionalGeneration

WINDOW = 256  # codes that are sorted by length and searched together


@dataclass(frozen=True, slots=True)
class _Source:
    index: int
    masked: Masked
    ids: list[int]
    slots: dict[str, int]


class Rewriter:
    """Rewrites code. What comes out depends on the codes of one call, their order and the number of outputs."""

    def __init__(
        self, model: PegasusForConditionalGeneration, vocabulary: Vocabulary, language: Language, search: SearchConfig
    ) -> None:
        self.model = model
        torch.nn.Module.eval(model)  # transformers' own is not typed
        self.vocabulary = vocabulary
        self.language = language
        self.search = search
        self.max_words = model.config.max_position_embeddings

    def rewrite(self, codes: Sequence[str], outputs: int) -> Iterator[list[str]]:
        """For each code up to ``outputs`` different texts, the likeliest first; none where it cannot be masked or is
        too long for the model."""
        for start in range(0, len(codes), WINDOW):
            sources = [s for i, code in enumerate(codes[start : start + WINDOW]) if (s := self._source(i, code))]
            texts: list[list[str]] = [[] for _ in codes[start : start + WINDOW]]
            for batch in self._batches(sources, outputs):
                for source, found in zip(batch, self._search(batch, outputs), strict=True):
                    texts[source.index] = found
            yield from texts

    def _source(self, index: int, code: str) -> _Source | None:
        masked = mask(self.language, code)
        encoded = self.vocabulary.encode(masked.words) if masked else None
        if masked is None or encoded is None or not 0 < len(masked.words) < self.max_words:
            return None
        return _Source(index, masked, *encoded)

    def _batches(self, sources: Sequence[_Source], outputs: int) -> Iterator[list[_Source]]:
        batch: list[_Source] = []
        for source in sorted(sources, key=lambda s: len(s.ids)):
            if batch and (len(source.ids) + 1) * (len(batch) + 1) * outputs > self.search.tokens:
                yield batch
                batch = []
            batch.append(source)
        if batch:
            yield batch

    @torch.inference_mode()
    def _search(self, batch: Sequence[_Source], outputs: int) -> Iterator[list[str]]:
        ids_BS = pad([source.ids for source in batch]).to(self.model.device)
        model: Any = self.model  # transformers declares `generate` for another class
        found = model.generate(
            ids_BS, attention_mask=(ids_BS != PAD).long(), num_beams=outputs, num_return_sequences=outputs,
            max_length=min(ids_BS.shape[1] + self.search.extra_words, self.max_words), do_sample=False,
            early_stopping=outputs > 1, length_penalty=1.0, logits_processor=[self._no_empty_slots(batch, outputs)],
        ).tolist()  # fmt: skip
        for i, source in enumerate(batch):
            texts = (self._text(source, ids[1:]) for ids in found[i * outputs : (i + 1) * outputs])
            yield list(dict.fromkeys(text for text in texts if text is not None))

    def _no_empty_slots(
        self, batch: Sequence[_Source], outputs: int
    ) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
        """Forbids what is no word in a snippet: slots that it does not use."""
        forbidden_BV = torch.zeros(len(batch), len(self.vocabulary), dtype=torch.bool)
        forbidden_BV[:, list(self.vocabulary.no_words)] = True
        for i, source in enumerate(batch):
            forbidden_BV[i, list(source.slots.values())] = False
        forbidden_BV = forbidden_BV.repeat_interleave(outputs, 0).to(self.model.device)
        return lambda ids_BL, scores_BV: scores_BV.masked_fill(forbidden_BV, -torch.inf)

    def _text(self, source: _Source, ids: list[int]) -> str | None:
        words = self.vocabulary.decode(ids, source.slots)
        return restore(self.language, words, source.masked) if words is not None else None
