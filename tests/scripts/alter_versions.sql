#! aerodb
# Each version has the columns of its own commit (INV-S2); a transaction over another schema does not commit (INV-V8).
a> CREATE TABLE t(a, b)
a> INSERT INTO t VALUES (1, 2)
a> PRAGMA aerodb_commit_id
a> ALTER TABLE t ADD c DEFAULT 3
a> ALTER TABLE t DROP a
a> ALTER TABLE t RENAME b TO bb
a> ALTER TABLE t RENAME TO u
a> [names] SELECT * FROM u
a> [names] SELECT * FROM t FOR SYSTEM_TIME AS OF COMMIT 2
a> [names] SELECT * FROM t FOR SYSTEM_TIME AS OF COMMIT 3
a> [names] SELECT * FROM t FOR SYSTEM_TIME AS OF COMMIT 4
a> SELECT bb FROM t FOR SYSTEM_TIME AS OF COMMIT 4
---
ok
1 changed
2
ok
ok
ok
ok
bb, c
2 | 3
a, b
1 | 2
a, b, c
1 | 2 | 3
b, c
2 | 3
OperationalError: no such column: bb

a> BEGIN
a> INSERT INTO u VALUES (5, 6)
b> ALTER TABLE u ADD d
b> SELECT * FROM u
a> COMMIT
a> SELECT * FROM u
---
a: ok
a: 1 changed
b: ok
b: 2 | 3 | NULL
a: SerializationError: could not serialize: the schema was changed by commit 7
a: 2 | 3 | NULL

# The alias of a join in parentheses qualifies columns that are renamed; SQLite 3.40 fails here.
a> CREATE TABLE joined_x(a, b)
a> CREATE TABLE joined_z(c, a)
a> CREATE VIEW joined_v AS SELECT y.b, y.c, y.a FROM (joined_x JOIN joined_z) AS y
a> ALTER TABLE joined_z RENAME COLUMN c TO cc
a> ALTER TABLE joined_z RENAME COLUMN a TO aa
a> ALTER TABLE joined_x RENAME COLUMN a TO aaa
a> SELECT sql FROM sqlite_master WHERE name = 'joined_v'
---
ok
ok
ok
ok
ok
ok
'CREATE VIEW joined_v AS SELECT y.b, y.cc, y.aaa FROM (joined_x JOIN joined_z) AS y'
