# AUTOINCREMENT counts in sqlite_sequence, a table that statements may read and change.
a> SELECT * FROM sqlite_sequence
a> CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a UNIQUE)
a> SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name
a> INSERT INTO t(a) SELECT 1 WHERE 0
a> SELECT * FROM sqlite_sequence
a> INSERT INTO t(a) VALUES (1), (2)
a> INSERT OR IGNORE INTO t(a) VALUES (1)
a> INSERT INTO t(a) VALUES (3), (1)
a> SELECT * FROM sqlite_sequence
---
OperationalError: no such table: sqlite_sequence
ok
'index' | 'sqlite_autoindex_t_1' | 't' | NULL
'table' | 'sqlite_sequence' | 'sqlite_sequence' | 'CREATE TABLE sqlite_sequence(name,seq)'
'table' | 't' | 't' | 'CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a UNIQUE)'
0 changed
't' | 0
2 changed
0 changed
IntegrityError: UNIQUE constraint failed: t.a
't' | 3

a> UPDATE sqlite_sequence SET seq = 100 WHERE name = 't'
a> INSERT INTO t(a) VALUES (3) RETURNING id
a> DELETE FROM sqlite_sequence
a> INSERT INTO t(a) VALUES (4) RETURNING id
a> UPDATE sqlite_sequence SET seq = '200'
a> INSERT INTO t(a) VALUES (5) RETURNING id
a> UPDATE sqlite_sequence SET seq = 'many'
a> INSERT INTO t(a) VALUES (6) RETURNING id
a> DELETE FROM t
a> INSERT INTO t(a) VALUES (7) RETURNING id
a> UPDATE sqlite_sequence SET seq = 9223372036854775807
a> INSERT INTO t(a) VALUES (8)
---
1 changed
101
1 changed
102
1 changed
201
1 changed
202
6 changed
203
1 changed
OperationalError: database or disk is full

# It follows its table, and transactions.
a> INSERT INTO sqlite_sequence VALUES ('u', 41)
a> CREATE TABLE u(id INTEGER PRIMARY KEY AUTOINCREMENT)
a> BEGIN
a> INSERT INTO u DEFAULT VALUES RETURNING id
a> SELECT * FROM sqlite_sequence ORDER BY name
a> ROLLBACK
a> INSERT INTO u VALUES (NULL), (50), (7), (NULL) RETURNING id
a> ALTER TABLE u RENAME TO v
a> SELECT * FROM sqlite_sequence ORDER BY name
a> DROP TABLE t
a> SELECT * FROM sqlite_sequence ORDER BY name
---
1 changed
ok
ok
42
't' | 9223372036854775807
'u' | 42
ok
42
50
7
51
ok
't' | 9223372036854775807
'v' | 51
ok
'v' | 51

a> DROP TABLE sqlite_sequence
a> ALTER TABLE sqlite_sequence RENAME TO s
a> CREATE INDEX s ON sqlite_sequence(name)
a> PRAGMA table_info(sqlite_sequence)
a> DROP TABLE v
a> SELECT name FROM sqlite_master
---
OperationalError: table sqlite_sequence may not be dropped
OperationalError: table sqlite_sequence may not be altered
OperationalError: table sqlite_sequence may not be indexed
0 | 'name' | '' | 0 | NULL | 0
1 | 'seq' | '' | 0 | NULL | 0
ok
'sqlite_sequence'
