"""How candidate pairs come to be. A generator knows nothing of Ray, files or shards."""

from generators.base import Candidate, Generator

__all__ = ["Candidate", "Generator"]
