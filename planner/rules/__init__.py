"""Rewriting rules over bound queries: one rule, one file; the ordered list is ``RULES``."""
