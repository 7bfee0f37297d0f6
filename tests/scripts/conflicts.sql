#! aerodb
# Two writers: different rows commit, the same row does not (INV-V5); reads are validated (INV-V7).
a> CREATE TABLE t(id INTEGER PRIMARY KEY, v UNIQUE)
a> INSERT INTO t VALUES (1, 10), (2, 20)
---
ok
2 changed

a> BEGIN
b> BEGIN
a> UPDATE t SET v = 11 WHERE id = 1
b> UPDATE t SET v = 21 WHERE id = 2
a> COMMIT
b> COMMIT
a> SELECT * FROM t ORDER BY id
---
a: ok
b: ok
a: 1 changed
b: 1 changed
a: ok
b: ok
a: 1 | 11
a: 2 | 21

a> BEGIN
b> BEGIN
b> SELECT 1
a> UPDATE t SET v = 12 WHERE id = 1
a> COMMIT
b> UPDATE t SET v = 13 WHERE id = 1
b> COMMIT
b> SELECT * FROM t ORDER BY id
---
a: ok
b: ok
b: 1
a: 1 changed
a: ok
b: 1 changed
b: SerializationError: could not serialize: row 1 of table t was written by commit 5
b: 1 | 12
b: 2 | 21

# Both take the same unique value (INV-V6).
a> BEGIN
b> BEGIN
b> SELECT 1
a> INSERT INTO t(v) VALUES (99)
a> COMMIT
b> INSERT INTO t(v) VALUES (99)
b> COMMIT
a> SELECT count(*) FROM t
---
a: ok
b: ok
b: 1
a: 1 changed
a: ok
b: 1 changed
b: SerializationError: could not serialize: a unique key of index sqlite_autoindex_t_1 of table t was taken by a commit up to 6
a: 3

# Concurrent inserts take different rowids (INV-V10).
a> BEGIN
b> BEGIN
a> INSERT INTO t(v) VALUES (100)
b> INSERT INTO t(v) VALUES (101)
a> COMMIT
b> COMMIT
a> SELECT id, v FROM t WHERE v >= 100 ORDER BY v
---
a: ok
b: ok
a: 1 changed
b: 1 changed
a: ok
b: ok
a: 4 | 100
a: 5 | 101

# Write skew is prevented: each read what the other wrote.
a> BEGIN
b> BEGIN
a> SELECT sum(v) FROM t
b> SELECT sum(v) FROM t
a> INSERT INTO t(v) VALUES (-1)
b> INSERT INTO t(v) VALUES (-2)
a> COMMIT
b> COMMIT
---
a: ok
b: ok
a: 333
b: 333
a: 1 changed
b: 1 changed
a: ok
b: SerializationError: could not serialize: table t, read by this transaction, was changed by commit 9
