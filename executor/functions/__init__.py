"""SQL functions: scalar and aggregate, with SQLite semantics."""
