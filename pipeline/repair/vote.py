"""From many candidates to one repair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from validators import Language
from validators.diff import token_diff


def vote(language: Language, broken: str, texts: Sequence[str | None]) -> str | None:
    """The most frequent of the candidates that the language accepts, by exact text (paper, section 4.2).

    Ties go to the smaller token edit distance to ``broken``, then to the text that sorts first, so that the order of
    the candidates never matters. None where no candidate is accepted.
    """
    counts = Counter(text for text in texts if text is not None)
    for _, group in groupby(counts.most_common(), key=lambda item: item[1]):
        accepted = [text for text, _ in group if language.check(text).accepted]
        if accepted:
            return min(accepted, key=lambda text: (token_diff(language, broken, text).distance, text))
    return None
