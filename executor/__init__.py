"""Room ``executor``: plan to Python function, SQL functions, DML, DDL, sessions."""
