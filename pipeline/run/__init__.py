"""A run from its configuration to stored shards and a published dataset."""
