"""Data at rest: the record, configurations, identities, manifests."""
