#! aerodb
# Two writers: different rows commit, the same row does not (INV-V5); reads are validated (INV-V7).
a> CREATE TABLE t(id INTEGER PRIMARY KEY, v UNIQUE)
a> INSERT INTO t VALUES (1, 10), (2, 20)
---

a> BEGIN
b> BEGIN
a> UPDATE t SET v = 11 WHERE id = 1
b> UPDATE t SET v = 21 WHERE id = 2
a> COMMIT
b> COMMIT
a> SELECT * FROM t ORDER BY id
---

a> BEGIN
b> BEGIN
a> UPDATE t SET v = 12 WHERE id = 1
b> UPDATE t SET v = 13 WHERE id = 1
a> COMMIT
b> COMMIT
b> SELECT * FROM t ORDER BY id
---

# Both take the same unique value (INV-V6).
a> BEGIN
b> BEGIN
a> INSERT INTO t(v) VALUES (99)
b> INSERT INTO t(v) VALUES (99)
a> COMMIT
b> COMMIT
a> SELECT count(*) FROM t
---

# Concurrent inserts take different rowids (INV-V10).
a> BEGIN
b> BEGIN
a> INSERT INTO t(v) VALUES (100)
b> INSERT INTO t(v) VALUES (101)
a> COMMIT
b> COMMIT
a> SELECT id, v FROM t WHERE v >= 100 ORDER BY v
---

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
