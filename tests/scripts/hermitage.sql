#! aerodb
# The anomalies of the Hermitage catalogue (M. Kleppmann), write skew and the anomaly of a read-only transaction, at
# isolation level serializable. All are prevented. (INV-V5, INV-V7, INV-V9, INV-V12.)

a> CREATE TABLE test(id INTEGER PRIMARY KEY, value INTEGER)
a> PRAGMA isolation = serializable
b> PRAGMA isolation = serializable
c> PRAGMA isolation = serializable
---
a: ok
a: 'serializable'
b: 'serializable'
c: 'serializable'

# G0, write cycles: prevented. Both rows are of the second transaction, which waited.
a> DELETE FROM test
a> INSERT INTO test VALUES (1, 10), (2, 20)
a> BEGIN
b> BEGIN
a> UPDATE test SET value = 11 WHERE id = 1
b> [waits] UPDATE test SET value = 12 WHERE id = 1
a> UPDATE test SET value = 21 WHERE id = 2
a> COMMIT
a> SELECT * FROM test
b> UPDATE test SET value = 22 WHERE id = 2
b> COMMIT
a> SELECT * FROM test
---
a: 0 changed
a: 2 changed
a: ok
b: ok
a: 1 changed
b: (waits)
a: 1 changed
a: ok
b: 1 changed
a: 1 | 11
a: 2 | 21
b: 1 changed
b: ok
a: 1 | 12
a: 2 | 22

# G1a, aborted reads: prevented.
a> DELETE FROM test
a> INSERT INTO test VALUES (1, 10), (2, 20)
a> BEGIN
b> BEGIN
a> UPDATE test SET value = 101 WHERE id = 1
b> SELECT * FROM test
a> ROLLBACK
b> SELECT * FROM test
b> COMMIT
---
a: 2 changed
a: 2 changed
a: ok
b: ok
a: 1 changed
b: 1 | 10
b: 2 | 20
a: ok
b: 1 | 10
b: 2 | 20
b: ok

# G1b, intermediate reads: prevented.
a> DELETE FROM test
a> INSERT INTO test VALUES (1, 10), (2, 20)
a> BEGIN
b> BEGIN
a> UPDATE test SET value = 101 WHERE id = 1
b> SELECT * FROM test
a> UPDATE test SET value = 11 WHERE id = 1
a> COMMIT
b> SELECT * FROM test
b> COMMIT
---
a: 2 changed
a: 2 changed
a: ok
b: ok
a: 1 changed
b: 1 | 10
b: 2 | 20
a: 1 changed
a: ok
b: 1 | 10
b: 2 | 20
b: ok

# G1c, circular information flow: prevented; neither sees the other. One of them fails.
a> DELETE FROM test
a> INSERT INTO test VALUES (1, 10), (2, 20)
a> BEGIN
b> BEGIN
a> UPDATE test SET value = 11 WHERE id = 1
b> UPDATE test SET value = 22 WHERE id = 2
a> SELECT * FROM test WHERE id = 2
b> SELECT * FROM test WHERE id = 1
a> COMMIT
b> COMMIT
a> SELECT * FROM test
---
a: 2 changed
a: 2 changed
a: ok
b: ok
a: 1 changed
b: 1 changed
a: 2 | 20
b: 1 | 10
a: ok
b: SerializationError: could not serialize: row 1 of table test, read by this transaction, was changed by commit 13
a: 1 | 11
a: 2 | 20

# OTV, observed transaction vanishes: prevented.
a> DELETE FROM test
a> INSERT INTO test VALUES (1, 10), (2, 20)
a> BEGIN
b> BEGIN
c> BEGIN
a> UPDATE test SET value = 11 WHERE id = 1
a> UPDATE test SET value = 19 WHERE id = 2
b> [waits] UPDATE test SET value = 12 WHERE id = 1
a> COMMIT
c> SELECT * FROM test WHERE id = 1
b> UPDATE test SET value = 18 WHERE id = 2
c> SELECT * FROM test WHERE id = 2
b> COMMIT
c> SELECT * FROM test
c> COMMIT
---
a: 2 changed
a: 2 changed
a: ok
b: ok
c: ok
a: 1 changed
a: 1 changed
b: (waits)
a: ok
b: 1 changed
c: 1 | 11
b: 1 changed
c: 2 | 19
b: ok
c: 1 | 11
c: 2 | 19
c: ok

# PMP, predicate-many-preceders: prevented. The same predicate finds the same rows.
a> DELETE FROM test
a> INSERT INTO test VALUES (1, 10), (2, 20)
a> BEGIN
b> BEGIN
a> SELECT * FROM test WHERE value = 30
b> INSERT INTO test VALUES (3, 30)
b> COMMIT
a> SELECT * FROM test WHERE value % 3 = 0
a> COMMIT
---
a: 2 changed
a: 2 changed
a: ok
b: ok
a: (no rows)
b: 1 changed
b: ok
a: (no rows)
a: ok

# PMP with a predicate that writes: prevented. The deletion waits, and runs on what the other has committed.
a> DELETE FROM test
a> INSERT INTO test VALUES (1, 10), (2, 20)
a> BEGIN
b> BEGIN
a> UPDATE test SET value = value + 10
b> [waits] DELETE FROM test WHERE value = 20
a> COMMIT
b> SELECT * FROM test
b> COMMIT
a> SELECT * FROM test
---
a: 3 changed
a: 2 changed
a: ok
b: ok
a: 2 changed
b: (waits)
a: ok
b: 1 changed
b: 2 | 30
b: ok
a: 2 | 30

# P4, lost update: prevented. The second has read the row and cannot have the other's state any more.
a> DELETE FROM test
a> INSERT INTO test VALUES (1, 10), (2, 20)
a> BEGIN
b> BEGIN
a> SELECT * FROM test WHERE id = 1
b> SELECT * FROM test WHERE id = 1
a> UPDATE test SET value = 11 WHERE id = 1
b> [waits] UPDATE test SET value = 11 WHERE id = 1
a> COMMIT
b> COMMIT
a> SELECT * FROM test
---
a: 1 changed
a: 2 changed
a: ok
b: ok
a: 1 | 10
b: 1 | 10
a: 1 changed
b: (waits)
a: ok
b: SerializationError: could not serialize: row 1 of table test was written by commit 27
b: OperationalError: cannot commit - no transaction is active
a: 1 | 11
a: 2 | 20

# G-single, read skew: prevented.
a> DELETE FROM test
a> INSERT INTO test VALUES (1, 10), (2, 20)
a> BEGIN
b> BEGIN
a> SELECT * FROM test WHERE id = 1
b> SELECT * FROM test WHERE id = 1
b> SELECT * FROM test WHERE id = 2
b> UPDATE test SET value = 12 WHERE id = 1
b> UPDATE test SET value = 18 WHERE id = 2
b> COMMIT
a> SELECT * FROM test WHERE id = 2
a> COMMIT
---
a: 2 changed
a: 2 changed
a: ok
b: ok
a: 1 | 10
b: 1 | 10
b: 2 | 20
b: 1 changed
b: 1 changed
b: ok
a: 2 | 20
a: ok

# G-single with predicates: prevented.
a> DELETE FROM test
a> INSERT INTO test VALUES (1, 10), (2, 20)
a> BEGIN
b> BEGIN
a> SELECT * FROM test WHERE value % 5 = 0
b> UPDATE test SET value = 12 WHERE value = 10
b> COMMIT
a> SELECT * FROM test WHERE value % 3 = 0
a> COMMIT
---
a: 2 changed
a: 2 changed
a: ok
b: ok
a: 1 | 10
a: 2 | 20
b: 1 changed
b: ok
a: (no rows)
a: ok

# G-single with a predicate that writes: prevented.
a> DELETE FROM test
a> INSERT INTO test VALUES (1, 10), (2, 20)
a> BEGIN
b> BEGIN
a> SELECT * FROM test WHERE id = 1
b> UPDATE test SET value = 12 WHERE id = 1
b> UPDATE test SET value = 18 WHERE id = 2
b> COMMIT
a> DELETE FROM test WHERE value = 20
a> COMMIT
a> SELECT * FROM test
---
a: 2 changed
a: 2 changed
a: ok
b: ok
a: 1 | 10
b: 1 changed
b: 1 changed
b: ok
a: 1 changed
a: SerializationError: could not serialize: row 2 of table test was written by commit 36
a: 1 | 12
a: 2 | 18

# G2-item, anti-dependency cycles on items: prevented.
a> DELETE FROM test
a> INSERT INTO test VALUES (1, 10), (2, 20)
a> BEGIN
b> BEGIN
a> SELECT * FROM test WHERE id IN (1, 2)
b> SELECT * FROM test WHERE id IN (1, 2)
a> UPDATE test SET value = 11 WHERE id = 1
b> UPDATE test SET value = 21 WHERE id = 2
a> COMMIT
b> COMMIT
a> SELECT * FROM test
---
a: 2 changed
a: 2 changed
a: ok
b: ok
a: 1 | 10
a: 2 | 20
b: 1 | 10
b: 2 | 20
a: 1 changed
b: 1 changed
a: ok
b: SerializationError: could not serialize: row 1 of table test, read by this transaction, was changed by commit 39
a: 1 | 11
a: 2 | 20

# G2, anti-dependency cycles on predicates: prevented.
a> DELETE FROM test
a> INSERT INTO test VALUES (1, 10), (2, 20)
a> BEGIN
b> BEGIN
a> SELECT * FROM test WHERE value % 3 = 0
b> SELECT * FROM test WHERE value % 3 = 0
a> INSERT INTO test VALUES (3, 30)
b> INSERT INTO test VALUES (4, 42)
a> COMMIT
b> COMMIT
a> SELECT * FROM test WHERE value % 3 = 0
---
a: 2 changed
a: 2 changed
a: ok
b: ok
a: (no rows)
b: (no rows)
a: 1 changed
b: 1 changed
a: ok
b: SerializationError: could not serialize: row 3 of table test, read by this transaction, was changed by commit 42
a: 3 | 30

# G2 with two edges, and a third transaction that only reads: prevented.
a> DELETE FROM test
a> INSERT INTO test VALUES (1, 10), (2, 20)
a> BEGIN
b> BEGIN
a> SELECT * FROM test
b> UPDATE test SET value = value + 5 WHERE id = 2
b> COMMIT
c> BEGIN
c> SELECT * FROM test
c> COMMIT
a> UPDATE test SET value = 0 WHERE id = 1
a> COMMIT
a> SELECT * FROM test
---
a: 3 changed
a: 2 changed
a: ok
b: ok
a: 1 | 10
a: 2 | 20
b: 1 changed
b: ok
c: ok
c: 1 | 10
c: 2 | 25
c: ok
a: 1 changed
a: SerializationError: could not serialize: row 2 of table test, read by this transaction, was changed by commit 45
a: 1 | 10
a: 2 | 25

# Write skew: two doctors are on call, and each leaves because there are two. Prevented.
a> CREATE TABLE doctor(name TEXT PRIMARY KEY, on_call INTEGER)
a> INSERT INTO doctor VALUES ('Ada', 1), ('Bo', 1)
a> BEGIN
b> BEGIN
a> SELECT count(*) FROM doctor WHERE on_call
b> SELECT count(*) FROM doctor WHERE on_call
a> UPDATE doctor SET on_call = 0 WHERE name = 'Ada'
b> UPDATE doctor SET on_call = 0 WHERE name = 'Bo'
a> COMMIT
b> COMMIT
c> SELECT count(*) FROM doctor WHERE on_call
---
a: ok
a: 2 changed
a: ok
b: ok
a: 2
b: 2
a: 1 changed
b: 1 changed
a: ok
b: SerializationError: could not serialize: row 1 of table doctor, read by this transaction, was changed by commit 48
c: 1

# The anomaly of a read-only transaction: b sees no deposit and charges for an overdraft; c has seen the deposit without the
# charge. Prevented: b fails, c never does.
a> CREATE TABLE account(name TEXT PRIMARY KEY, money INTEGER)
a> INSERT INTO account VALUES ('x', 0), ('y', 0)
b> BEGIN
b> SELECT * FROM account
a> BEGIN
a> SELECT money FROM account WHERE name = 'y'
a> UPDATE account SET money = 20 WHERE name = 'y'
a> COMMIT
c> BEGIN
c> SELECT * FROM account
c> COMMIT
b> UPDATE account SET money = -11 WHERE name = 'x'
b> COMMIT
a> SELECT * FROM account
---
a: ok
a: 2 changed
b: ok
b: 'x' | 0
b: 'y' | 0
a: ok
a: 0
a: 1 changed
a: ok
c: ok
c: 'x' | 0
c: 'y' | 20
c: ok
b: 1 changed
b: SerializationError: could not serialize: row 2 of table account, read by this transaction, was changed by commit 51
a: 'x' | 0
a: 'y' | 20
