"""One file a protocol; being here registers it. See `watchers.decode`."""
