"""Who runs the shards: this process, Ray, or a service that is paid."""
