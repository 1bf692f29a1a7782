"""A local Discord: REST, gateway and a page, enough for an unmodified client, with Discord's documented limits."""
