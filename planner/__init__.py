"""Room ``planner``: text to plan (lexer, front, sqlglot, binding, rules, access paths)."""
