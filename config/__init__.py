"""What the operator decides: TOML and environment, read once and cross-checked. Imports nothing of ours."""
