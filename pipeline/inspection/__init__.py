"""Looking at code, runs and datasets that are there: verdicts, progress, pairs, promises."""
