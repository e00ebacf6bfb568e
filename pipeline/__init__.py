"""Planning, execution, shards, publishing, evaluation and the command line."""
