"""A recorded chain served over JSON-RPC with a block clock."""
