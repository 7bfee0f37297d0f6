# TEMP tables and views hide main's of the same name; a qualified name says which.
a> CREATE TABLE t(a INTEGER PRIMARY KEY, b)
a> CREATE TEMP TABLE t(a, c)
a> CREATE TEMPORARY TABLE IF NOT EXISTS t(x)
a> CREATE TEMP TABLE main.u(a)
a> CREATE TEMP TABLE temp.u(a)
a> INSERT INTO t VALUES (1, 'temp')
a> INSERT INTO main.t VALUES (1, 'main'), (2, 'more')
a> [names] SELECT * FROM t
a> SELECT temp.t.c, main.t.b, * FROM t JOIN main.t ON temp.t.a = main.t.a
a> SELECT t.a FROM t, main.t
a> SELECT main.t.a FROM t
a> CREATE TEMP VIEW v AS SELECT c FROM t
a> CREATE VIEW w AS SELECT b FROM t
a> CREATE VIEW x AS SELECT * FROM temp.t
a> CREATE VIEW x AS SELECT (SELECT 1 FROM temp.t)
a> SELECT * FROM v, w
a> CREATE INDEX i ON t(c)
a> CREATE INDEX main.i ON t(b)
a> CREATE INDEX i ON t(c)
a> CREATE TEMP INDEX j ON t(c)
a> PRAGMA index_list(t)
a> PRAGMA main.index_list(t)
a> SELECT type, name, tbl_name, sql FROM sqlite_temp_master
a> SELECT name FROM temp.sqlite_master WHERE type = 'view'
a> SELECT count(*) FROM sqlite_temp_schema
a> SELECT type, name FROM sqlite_master
a> SELECT 1 FROM main.sqlite_temp_master
a> PRAGMA table_list(t)
a> PRAGMA table_info(t)
a> UPDATE t SET c = c || '!' WHERE a = 1 RETURNING *
a> DELETE FROM temp.t
a> SELECT * FROM main.t
a> DROP INDEX i
a> DROP INDEX temp.i
a> DROP TABLE t
a> SELECT * FROM v
a> SELECT * FROM t
a> DROP VIEW v
a> DROP TABLE temp.nope
a> DROP TABLE sqlite_temp_master
a> DELETE FROM temp.sqlite_master
---
ok
ok
ok
OperationalError: temporary table name must be unqualified
ok
1 changed
2 changed
a, c
1 | 'temp'
'temp' | 'main' | 1 | 'temp' | 1 | 'main'
OperationalError: ambiguous column name: t.a
OperationalError: no such column: main.t.a
ok
ok
OperationalError: view x cannot reference objects in database temp
OperationalError: view x cannot reference objects in database temp
'temp' | 'main'
'temp' | 'more'
ok
ok
OperationalError: index i already exists
OperationalError: near "INDEX": syntax error
0 | 'i' | 0 | 'c' | 0
0 | 'i' | 0 | 'c' | 0
'table' | 't' | 't' | 'CREATE TABLE t(a, c)'
'table' | 'u' | 'u' | 'CREATE TABLE u(a)'
'view' | 'v' | 'v' | 'CREATE VIEW v AS SELECT c FROM t'
'index' | 'i' | 't' | 'CREATE INDEX i ON t(c)'
'v'
4
'table' | 't'
'view' | 'w'
'index' | 'i'
OperationalError: no such table: main.sqlite_temp_master
'main' | 't' | 'table' | 2 | 0 | 0
'temp' | 't' | 'table' | 2 | 0 | 0
0 | 'a' | '' | 0 | NULL | 0
1 | 'c' | '' | 0 | NULL | 0
1 | 'temp!'
1 changed
1 | 'main'
2 | 'more'
ok
OperationalError: no such index: temp.i
ok
OperationalError: no such column: c
1 | 'main'
2 | 'more'
ok
OperationalError: no such table: temp.nope
OperationalError: table sqlite_temp_master may not be dropped
OperationalError: table sqlite_temp_master may not be modified

# Temp is the connection's own.
b> SELECT * FROM sqlite_temp_master
b> SELECT * FROM temp.u
b> CREATE TEMP TABLE u(z DEFAULT 7)
b> INSERT INTO u DEFAULT VALUES
b> SELECT * FROM u, t
---
(no rows)
OperationalError: no such table: temp.u
ok
1 changed
7 | 1 | 'main'
7 | 2 | 'more'

# A transaction covers temp and main; so do savepoints and failing statements.
c> CREATE TABLE k(a INTEGER PRIMARY KEY, b UNIQUE)
c> CREATE TEMP TABLE l(a INTEGER PRIMARY KEY, b UNIQUE)
c> INSERT INTO k VALUES (1, 10), (2, 20), (3, 30)
c> BEGIN
c> INSERT INTO l SELECT * FROM k
c> SAVEPOINT s
c> DELETE FROM k
c> UPDATE l SET b = b + 1
c> CREATE TEMP TABLE m AS SELECT a, count(*) AS n FROM l GROUP BY a
c> SELECT name FROM sqlite_temp_master WHERE sql NOT NULL
c> SELECT * FROM m
c> ROLLBACK TO s
c> SELECT name FROM sqlite_temp_master WHERE sql NOT NULL
c> SELECT * FROM k NATURAL JOIN l
c> INSERT INTO l VALUES (4, 40), (5, 10)
c> SELECT max(a) FROM l
c> COMMIT
c> SELECT * FROM l
c> BEGIN
c> DELETE FROM l WHERE a > 1
c> DELETE FROM k WHERE a < 3
c> ROLLBACK
c> SELECT (SELECT count(*) FROM k), (SELECT count(*) FROM l)
c> UPDATE k SET b = l.b + 1 FROM l WHERE l.a = k.a AND k.a > 1
c> DELETE FROM k WHERE b IN (SELECT b FROM l)
c> INSERT INTO l VALUES (1, 30) ON CONFLICT (a) DO UPDATE SET b = (SELECT max(b) FROM k)
c> SELECT * FROM l
c> CREATE TABLE n AS SELECT * FROM l
c> SELECT sql FROM sqlite_master WHERE name = 'n'
c> CREATE TEMP TABLE p(id INTEGER PRIMARY KEY AUTOINCREMENT, v CHECK (v > 0))
c> INSERT INTO p(v) VALUES (5), (6)
c> INSERT INTO p(v) VALUES (0)
c> SELECT * FROM temp.sqlite_sequence
c> ALTER TABLE p ADD COLUMN w DEFAULT 'w'
c> ALTER TABLE p RENAME TO q
c> SELECT * FROM q
c> WITH l AS (SELECT 'cte') SELECT * FROM l
c> PRAGMA temp.user_version = 3
c> PRAGMA temp.user_version
c> PRAGMA user_version
c> PRAGMA integrity_check
---
ok
ok
3 changed
ok
3 changed
ok
3 changed
3 changed
ok
'l'
'm'
1 | 1
2 | 1
3 | 1
ok
'l'
1 | 10
2 | 20
3 | 30
IntegrityError: UNIQUE constraint failed: l.b
3
ok
1 | 10
2 | 20
3 | 30
ok
2 changed
2 changed
ok
3 | 3
2 changed
1 changed
1 changed
1 | 31
2 | 20
3 | 30
ok
'CREATE TABLE n(a INT,b)'
ok
2 changed
IntegrityError: CHECK constraint failed: v > 0
'p' | 2
ok
ok
1 | 5 | 'w'
2 | 6 | 'w'
'cte'
ok
3
0
'ok'
