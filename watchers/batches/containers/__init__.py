"""One file a kind of container; being here registers it. See `watchers.batches.container.Kind`."""
