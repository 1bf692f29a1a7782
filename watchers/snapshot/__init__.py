"""Votes that are signed and never sent to a chain: the Snapshot hub, followed beside the chains."""
