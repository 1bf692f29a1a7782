"""Who moved how much money in or out of a pool, and what is left."""
