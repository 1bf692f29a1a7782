"""Alert in, card out; one file per kind. Pure."""
