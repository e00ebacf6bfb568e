"""Corpora of correct snippets: those that a run or a training starts from, and how one is built."""

from pipeline.corpus.accepted import AcceptedSnippets, accepted_snippets
from pipeline.corpus.base import CorpusSource
from pipeline.corpus.files import Corpus
from pipeline.corpus.open import open_corpus

__all__ = ["AcceptedSnippets", "Corpus", "CorpusSource", "accepted_snippets", "open_corpus"]
