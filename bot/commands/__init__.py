"""One file per slash command; being here registers it."""
