"""Room ``indexes``: index keys and their order, collations, uniqueness, statistics."""
