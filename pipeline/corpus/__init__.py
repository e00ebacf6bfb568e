"""Corpora of correct snippets: those that a run or a training starts from, and how one is built."""

from pipeline.corpus.accepted import AcceptedSnippets, accepted_snippets
from pipeline.corpus.files import Corpus
from pipeline.corpus.open import CorpusSource, open_corpus

__all__ = ["AcceptedSnippets", "Corpus", "CorpusSource", "accepted_snippets", "open_corpus"]
