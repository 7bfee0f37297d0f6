#! aerodb
# Waiting for rows: who waits, for what, and what comes after (INV-V12, INV-V5, INV-F4).
a> CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER)
a> CREATE TABLE u(code TEXT UNIQUE)
a> INSERT INTO t VALUES (1, 0), (2, 0)
---
ok
ok
2 changed

# In autocommit: run on what the other has committed.
a> BEGIN
a> UPDATE t SET n = n + 1 WHERE id = 1
b> [waits] UPDATE t SET n = n + 10 WHERE id = 1
a> COMMIT
a> SELECT n FROM t WHERE id = 1
---
a: ok
a: 1 changed
b: (waits)
a: ok
b: 1 changed
a: 11

# The other rolls back: a statement goes on, on the view that it has, be it the first or not.
a> BEGIN
a> UPDATE t SET n = 100 WHERE id = 1
b> BEGIN
b> SELECT n FROM t WHERE id = 1
b> [waits] UPDATE t SET n = n + 1 WHERE id = 1
a> ROLLBACK
b> COMMIT
b> SELECT n FROM t WHERE id = 1
---
a: ok
a: 1 changed
b: ok
b: 11
b: (waits)
a: ok
b: 1 changed
b: ok
b: 12

# The other commits, and the statement is not the first: the transaction goes on behind the commit if nothing that it has read was changed.
a> BEGIN
a> UPDATE t SET n = -1 WHERE id = 1
b> BEGIN
b> SELECT n FROM t WHERE id = 2
b> UPDATE t SET n = 5 WHERE id = 2
b> [waits] UPDATE t SET n = n + 1 WHERE id = 1
a> COMMIT
b> SELECT n FROM t
b> COMMIT
a> UPDATE t SET n = 0 WHERE id = 2
---
a: ok
a: 1 changed
b: ok
b: 0
b: 1 changed
b: (waits)
a: ok
b: 1 changed
b: 0
b: 5
b: ok
a: 1 changed

# Else the transaction is gone, and the session usable.
a> BEGIN
a> UPDATE t SET n = 0 WHERE id = 1
b> BEGIN
b> SELECT n FROM t WHERE id < 2
b> [waits] UPDATE t SET n = n + 1 WHERE id = 1
a> COMMIT
b> COMMIT
b> UPDATE t SET n = n + 1 WHERE id = 1
a> SELECT n FROM t WHERE id = 1
---
a: ok
a: 1 changed
b: ok
b: 0
b: (waits)
a: ok
b: SerializationError: could not serialize: row 1 of table t was written by commit 10
b: OperationalError: cannot commit - no transaction is active
b: 1 changed
a: 1

# The timeout: the statement did nothing, the transaction goes on.
a> BEGIN
a> UPDATE t SET n = 5 WHERE id = 1
b> BEGIN
b> UPDATE t SET n = 7 WHERE id = 2
b> UPDATE t SET n = 7
b> SELECT n FROM t
b> COMMIT
a> COMMIT
a> SELECT n FROM t
---
a: ok
a: 1 changed
b: ok
b: 1 changed
b: OperationalError: database is locked
b: 1
b: 7
b: ok
a: ok
a: 5
a: 7

# ROLLBACK TO lets go of what was written first behind the savepoint, and of nothing else.
a> BEGIN
a> UPDATE t SET n = 1 WHERE id = 1
a> SAVEPOINT s
a> UPDATE t SET n = 2 WHERE id = 1
a> UPDATE t SET n = 2 WHERE id = 2
b> [waits] UPDATE t SET n = 22 WHERE id = 2
c> [waits] UPDATE t SET n = 11 WHERE id = 1
a> ROLLBACK TO s
a> COMMIT
a> SELECT n FROM t
---
a: ok
a: 1 changed
a: ok
a: 1 changed
a: 1 changed
b: (waits)
c: (waits)
a: ok
b: 1 changed
a: ok
c: 1 changed
a: 11
a: 22

# A cycle: the one who would close it fails at once, the other goes on.
a> BEGIN
b> BEGIN
a> UPDATE t SET n = 0 WHERE id = 1
b> UPDATE t SET n = 0 WHERE id = 2
a> [waits] UPDATE t SET n = 1 WHERE id = 2
b> UPDATE t SET n = 2 WHERE id = 1
b> COMMIT
a> COMMIT
a> SELECT * FROM t
---
a: ok
b: ok
a: 1 changed
b: 1 changed
a: (waits)
b: SerializationError: could not serialize: row 1 of table t is held by a transaction that waits for this one
a: 1 changed
b: OperationalError: cannot commit - no transaction is active
a: ok
a: 1 | 0
a: 2 | 1

# A cycle of three.
a> INSERT INTO t VALUES (3, 0)
a> BEGIN
b> BEGIN
c> BEGIN
a> UPDATE t SET n = 31 WHERE id = 1
b> UPDATE t SET n = 32 WHERE id = 2
c> UPDATE t SET n = 33 WHERE id = 3
a> [waits] UPDATE t SET n = 0 WHERE id = 2
b> [waits] UPDATE t SET n = 0 WHERE id = 3
c> UPDATE t SET n = 0 WHERE id = 1
b> ROLLBACK
a> COMMIT
a> SELECT * FROM t
---
a: 1 changed
a: ok
b: ok
c: ok
a: 1 changed
b: 1 changed
c: 1 changed
a: (waits)
b: (waits)
c: SerializationError: could not serialize: row 1 of table t is held by a transaction that waits for this one
b: 1 changed
b: ok
a: 1 changed
a: ok
a: 1 | 31
a: 2 | 0
a: 3 | 0

# Unique keys: the second one waits, and learns what became of the first.
a> BEGIN
a> INSERT INTO u VALUES ('x')
b> [waits] INSERT INTO u VALUES ('x')
a> COMMIT
a> DELETE FROM u
a> BEGIN
a> INSERT INTO u VALUES ('x')
b> [waits] INSERT INTO u VALUES ('x')
a> ROLLBACK
a> SELECT * FROM u
---
a: ok
a: 1 changed
b: (waits)
a: ok
b: IntegrityError: UNIQUE constraint failed: u.code
a: 1 changed
a: ok
a: 1 changed
b: (waits)
a: ok
b: 1 changed
a: 'x'

# First come, first served.
a> BEGIN
a> UPDATE t SET n = 0 WHERE id = 1
b> [waits] UPDATE t SET n = n * 2 + 1 WHERE id = 1
c> [waits] UPDATE t SET n = n * 2 WHERE id = 1
a> COMMIT
a> SELECT n FROM t WHERE id = 1
---
a: ok
a: 1 changed
b: (waits)
c: (waits)
a: ok
b: 1 changed
c: 1 changed
a: 2

# BEGIN IMMEDIATE waits for no row, and is waited for. BEGIN CONCURRENT is BEGIN.
b> BEGIN CONCURRENT
b> UPDATE t SET n = 1 WHERE id = 1
a> BEGIN IMMEDIATE
a> UPDATE t SET n = 2 WHERE id = 1
a> UPDATE t SET n = 2 WHERE id = 2
c> BEGIN
c> [waits] UPDATE t SET n = n + 1 WHERE id = 2
a> COMMIT
c> COMMIT
b> COMMIT
a> SELECT * FROM t WHERE id < 3
---
b: ok
b: 1 changed
a: ok
a: 1 changed
a: 1 changed
c: ok
c: (waits)
a: ok
c: 1 changed
c: ok
b: SerializationError: could not serialize: row 1 of table t was written by commit 26
a: 1 | 2
a: 2 | 3
