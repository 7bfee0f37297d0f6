# Of two mistakes the one is told that SQLite comes to first.
a> CREATE TABLE t(a, b)
a> CREATE TABLE u(c UNIQUE, d)
a> UPDATE t SET x = nosuch
a> UPDATE t SET x = 1 WHERE nosuch
a> UPDATE t SET a = nosuch WHERE x
a> UPDATE t SET a = nofunc() WHERE nosuch RETURNING z
a> UPDATE t SET (a, x) = (SELECT nosuch, 1)
a> INSERT INTO t(x) SELECT nosuch FROM u
a> INSERT INTO t(a, a, x) VALUES (1, 2)
a> INSERT INTO u VALUES (1, 2) ON CONFLICT (c) DO UPDATE SET z = nosuch
a> SELECT nosuch, x.* FROM t
a> SELECT nosuch, *
a> SELECT nosuch FROM t LIMIT nosuch2
a> SELECT a FROM t ORDER BY nosuch LIMIT nosuch2
a> SELECT a FROM t UNION SELECT b FROM t ORDER BY nosuch LIMIT nosuch2
a> SELECT nofunc(a) FILTER (WHERE nosuch) FROM t
a> SELECT a FROM t WHERE count(nosuch)
a> ALTER TABLE t ADD b PRIMARY KEY
---
ok
ok
OperationalError: no such column: nosuch
OperationalError: no such column: x
OperationalError: no such column: nosuch
OperationalError: no such function: nofunc
OperationalError: no such column: nosuch
OperationalError: table t has no column named x
OperationalError: table t has no column named x
OperationalError: no such column: nosuch
OperationalError: no such table: x
OperationalError: no tables specified
OperationalError: no such column: nosuch2
OperationalError: no such column: nosuch2
OperationalError: no such column: nosuch2
OperationalError: no such function: nofunc
OperationalError: no such column: nosuch
OperationalError: duplicate column name: b

# Where nothing may be written what is wrong otherwise is told first, and what changes nothing passes.
a> PRAGMA query_only = 1
a> INSERT INTO nosuch VALUES (1)
a> INSERT INTO t(x) VALUES (1)
a> UPDATE t SET x = 1
a> DELETE FROM t WHERE nosuch
a> CREATE TABLE t(a)
a> CREATE TABLE IF NOT EXISTS t(a)
a> DROP TABLE nosuch
a> DROP TABLE IF EXISTS nosuch
a> CREATE INDEX i ON t(nosuch)
a> ALTER TABLE nosuch ADD a
a> INSERT INTO t VALUES (1, 2)
a> UPDATE t SET a = 1 WHERE 0
a> CREATE TABLE w(a)
a> DROP TABLE t
a> ALTER TABLE t ADD c
a> BEGIN IMMEDIATE
a> BEGIN
a> CREATE TABLE w(a)
a> COMMIT
a> PRAGMA query_only = 0
a> SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'
---
ok
OperationalError: no such table: nosuch
OperationalError: table t has no column named x
OperationalError: no such column: x
OperationalError: no such column: nosuch
OperationalError: table t already exists
ok
OperationalError: no such table: nosuch
ok
OperationalError: no such column: nosuch
OperationalError: no such table: nosuch
OperationalError: attempt to write a readonly database
OperationalError: attempt to write a readonly database
OperationalError: attempt to write a readonly database
OperationalError: attempt to write a readonly database
OperationalError: attempt to write a readonly database
OperationalError: attempt to write a readonly database
ok
OperationalError: attempt to write a readonly database
ok
ok
't'
'u'

# A row that a foreign key refuses has set last_insert_rowid(); a DROP TABLE that fails has not counted its rows.
a> PRAGMA foreign_keys = 1
a> CREATE TABLE p(a PRIMARY KEY)
a> CREATE TABLE c(a REFERENCES p, id INTEGER PRIMARY KEY)
a> CREATE TABLE e(a REFERENCES p DEFERRABLE INITIALLY DEFERRED)
a> INSERT INTO p VALUES (1), (2)
a> INSERT INTO c VALUES (1, 10)
a> INSERT INTO e VALUES (1)
a> INSERT INTO c VALUES (5, 20)
a> SELECT last_insert_rowid(), changes(), total_changes()
a> INSERT INTO c VALUES (5, 30) RETURNING id
a> SELECT last_insert_rowid(), changes(), total_changes()
a> INSERT INTO c VALUES (1, 40), (5, 50)
a> SELECT last_insert_rowid(), changes(), total_changes()
a> DELETE FROM c
a> DROP TABLE p
a> SELECT total_changes(), count(*) FROM p
---
ok
ok
ok
ok
2 changed
1 changed
1 changed
IntegrityError: FOREIGN KEY constraint failed
1 | 0 | 4
IntegrityError: FOREIGN KEY constraint failed
30 | 0 | 4
IntegrityError: FOREIGN KEY constraint failed
50 | 0 | 4
1 changed
IntegrityError: FOREIGN KEY constraint failed
5 | 2
