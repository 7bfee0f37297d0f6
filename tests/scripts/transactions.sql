# Savepoints, rollback, visibility between two sessions (INV-V3, INV-V4, INV-D6).
a> CREATE TABLE t(id INTEGER PRIMARY KEY, v)
a> INSERT INTO t VALUES (1, 'one')
---
ok
1 changed

a> BEGIN
a> UPDATE t SET v = 'uno' WHERE id = 1
a> SELECT v FROM t
b> SELECT v FROM t
a> SAVEPOINT s
a> INSERT INTO t VALUES (2, 'dos')
a> SAVEPOINT "deep"
a> DELETE FROM t
a> SELECT count(*) FROM t
a> ROLLBACK TO deep
a> SELECT count(*) FROM t
a> RELEASE s
a> COMMIT
b> SELECT * FROM t ORDER BY id
---
a: ok
a: 1 changed
a: 'uno'
b: 'one'
a: ok
a: 1 changed
a: ok
a: 2 changed
a: 0
a: ok
a: 2
a: ok
a: ok
b: 1 | 'uno'
b: 2 | 'dos'

# A table made in a transaction goes with it (INV-S1).
a> BEGIN
a> CREATE TABLE u(x)
a> INSERT INTO u VALUES (1)
a> ROLLBACK
a> SELECT * FROM u
---
ok
ok
1 changed
ok
OperationalError: no such table: u

a> COMMIT
a> ROLLBACK
a> ROLLBACK TO nowhere
---
OperationalError: cannot commit - no transaction is active
OperationalError: cannot rollback - no transaction is active
OperationalError: no such savepoint: nowhere
