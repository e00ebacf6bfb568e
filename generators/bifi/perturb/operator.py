"""The contract of an operator: where it can break a snippet, and how, with nothing left to chance."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from generators.bifi.critic import Category
from generators.bifi.perturb.source import Edit, Source

Examples = tuple[tuple[str, str], ...]  # correct, broken


class Operator(ABC):
    """One kind of slip. Which of its sites and edits is taken is drawn by whoever uses it, each with equal chance.

    The examples say what the operator does and are tested; it is for the languages of which it has some. The critic may
    still accept what an edit makes; such a draw is made anew.
    """

    category: ClassVar[Category]
    weight: ClassVar[float] = 1.0  # how often it is drawn, against the others of its category
    python: ClassVar[Examples] = ()
    powershell: ClassVar[Examples] = ()

    @property
    def name(self) -> str:
        """The class's name in lower case, as provenance writes it."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    def examples(self, language: str) -> Examples:
        """Correct snippets of a language, and what the operator may make of them."""
        return self.python if language == "python" else self.powershell

    @abstractmethod
    def sites(self, source: Source) -> Sequence[int]:
        """The tokens at which the operator has edits."""

    @abstractmethod
    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        """The ways to break the snippet at a site."""
