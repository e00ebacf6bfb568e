"""Lexemes with all literals (`training.literals=full`): a closed vocabulary a language, by the `tokenizers` library.

Quotes, brackets and operators are tokens of their own, so that the model can get them wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, pre_tokenizers

from generators.diffusion.config import EOS, PAD, UNKNOWN
from generators.diffusion.keywords import keyword_spans
from validators import get_language

LEXEMES = {
    "excel": r"<=|>=|<>|Sheet\d!|#[A-Z][A-Za-z0-9/]*[!?]?|[A-Z](?=\$?\d)(?![A-Z0-9]*\()|[A-Za-z_][A-Za-z_.]*\d*(?=\()"
    r"|[A-Za-z_][A-Za-z_.]*|\d{1,2}|[\s\S]",
    "python": r"\n *|==|!=|<=|>=|//=?|\*\*=?|->|:=|[+*/%&|^-]=|<<|>>|[A-Za-z_][A-Za-z_0-9]*|\d{1,2}|[\s\S]",
    "powershell": r"\n *|\$[A-Za-z_][A-Za-z_0-9]*|\$_|[A-Za-z]+-[A-Za-z]+|(?<= )-[A-Za-z]+|::|[A-Za-z_][A-Za-z_0-9]*"
    r"|\d{1,2}|[\s\S]",
}

_SURROGATE = re.compile("[\ud800-\udfff]")  # a lone one is no text to the library


class SnippetTokenizer:
    """Text to token ids and back."""

    def __init__(self, tokenizer: Tokenizer, language: str) -> None:
        self._tokenizer = tokenizer
        self.language = language
        self._texts = [tokenizer.id_to_token(i) or "" for i in range(tokenizer.get_vocab_size())]

    @classmethod
    def train(cls, language: str, texts: Iterable[str], min_count: int, max_vocabulary: int) -> SnippetTokenizer:
        """The vocabulary is every printable ASCII character and every lexeme seen ``min_count`` times or more."""
        splitter = pre_tokenizers.Split(Regex(LEXEMES[language]), "isolated")
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(piece for piece, _ in splitter.pre_tokenize_str(text))
        characters = ["\n", *(chr(c) for c in range(32, 127))]
        frequent = sorted((t for t, n in counts.items() if n >= min_count), key=lambda t: (-counts[t], t))
        words = list(dict.fromkeys(characters + frequent))[: max_vocabulary - 3]
        special = {"<pad>": PAD, "<eos>": EOS, "<unk>": UNKNOWN}
        vocabulary = special | {word: i for i, word in enumerate(words, len(special))}
        tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
        tokenizer.pre_tokenizer = splitter
        return cls(tokenizer, language)

    @classmethod
    def load(cls, path: Path, language: str) -> SnippetTokenizer:
        """Read a ``tokenizer.json``."""
        return cls(Tokenizer.from_file(str(path)), language)

    def save(self, path: Path) -> None:
        """Write a ``tokenizer.json``."""
        self._tokenizer.save(str(path))

    def __len__(self) -> int:
        return len(self._texts)

    @property
    def words(self) -> frozenset[str]:
        """Every text that is a token."""
        return frozenset(self._texts[UNKNOWN + 1 :])

    def encode(self, text: str) -> list[int]:
        """Token ids without an end-of-sequence token; `UNKNOWN` stands for what is not in the vocabulary."""
        return list(self._tokenizer.encode(_SURROGATE.sub("\ufffd", text)).ids)

    def decode(self, ids: Sequence[int], seed: int = 0, like: Sequence[int] = ()) -> str | None:
        """The text up to the first end of sequence or padding; None where an unknown token stands before it.

        ``seed`` and ``like`` are of structure tokens: here every literal is the model's own.
        """
        pieces = []
        for i in ids:
            if i in (EOS, PAD):
                break
            if i == UNKNOWN:
                return None
            pieces.append(self._texts[i])
        return "".join(pieces)

    def keywords(self, ids: Sequence[int]) -> list[bool]:
        """Which tokens are, or are part of, a word that the language itself gives its programs."""
        code = self.decode(ids) or ""
        spans = keyword_spans(get_language(self.language), code)
        inside = {i for start, end in spans for i in range(start, end)}
        found, first = [], 0  # first: character of the token
        for i in ids:
            found.append(first in inside and first < len(code))
            first += len(self._texts[i])
        return found
