# What definitions may hold: subqueries, parameters and columns where there is no row. Numbers of PRAGMAs. CHECK in integrity_check.
a> CREATE TABLE t(a, g AS (a + 1), b, CHECK(a > 0))
a> PRAGMA table_info(t)
a> PRAGMA table_xinfo(t)
a> CREATE TABLE c1(a CHECK((SELECT 1)))
a> CREATE TABLE c2(a CHECK(a IN t))
a> CREATE TABLE c3(a CHECK(a > ?))
a> CREATE TABLE c4(a, CHECK(EXISTS(SELECT 1)))
a> CREATE TABLE c5(a, CHECK(a IN (VALUES(1))))
a> CREATE TABLE d1(a DEFAULT (b))
a> CREATE TABLE d2(a DEFAULT ("b"))
a> CREATE TABLE d3(a DEFAULT (abs(-1)), b DEFAULT (1 COLLATE nocase), c DEFAULT (CASE WHEN 1 THEN 2 END), d DEFAULT ('x' || 'y'), e DEFAULT (true))
a> INSERT INTO d3 DEFAULT VALUES
a> SELECT * FROM d3
a> CREATE TABLE d4(a DEFAULT (?))
a> CREATE TABLE d5(a DEFAULT ((SELECT 1)))
a> CREATE TABLE d6(a DEFAULT (t.a))
a> CREATE INDEX i1 ON t(a) WHERE a = (SELECT 1)
a> CREATE INDEX i2 ON t(a) WHERE a IN d3
a> CREATE INDEX i3 ON t(a) WHERE a = ?
a> CREATE INDEX i4 ON t(a) WHERE EXISTS (SELECT 1)
a> ALTER TABLE t ADD COLUMN z DEFAULT (b)
a> PRAGMA ignore_check_constraints = 1
a> INSERT INTO t(a, b) VALUES (-1, 1), (-2, 1), (5, 1), (NULL, 1)
a> PRAGMA integrity_check
a> PRAGMA ignore_check_constraints = 0
a> PRAGMA integrity_check
a> PRAGMA integrity_check(1)
a> PRAGMA quick_check(t)
a> PRAGMA user_version = -2147483648
a> PRAGMA user_version
a> PRAGMA user_version = 2147483648
a> PRAGMA user_version
a> PRAGMA user_version = 0x7fffffff
a> PRAGMA user_version
a> PRAGMA user_version = true
a> PRAGMA user_version
a> PRAGMA user_version = 7.9
a> PRAGMA user_version
a> PRAGMA application_id = 0x10
a> PRAGMA application_id
a> PRAGMA secure_delete = fast
a> PRAGMA secure_delete = 7
a> PRAGMA cache_spill
a> PRAGMA cache_spill = 0
a> PRAGMA cache_spill
a> PRAGMA cache_spill = 5000
a> PRAGMA cache_spill
a> SELECT likelihood(1, 0.5), 1 WHERE likelihood(1 = 1, 0.25)
a> SELECT likelihood(1, 1)
a> SELECT likelihood(1, 1.5)
a> EXPLAIN;
a> SELECT -0.0, -(0.0), 0.0 * -1, - -0.0, abs(-0.0), max(-0.0, 0), sum(-0.0), -0.0 || ''
a> SELECT -x FROM (SELECT 0.0 AS x)
a> ANALYZE
a> CREATE INDEX i5 ON sqlite_stat1(tbl)
a> CREATE TRIGGER r AFTER INSERT ON sqlite_stat1 BEGIN SELECT 1; END
a> CREATE TABLE n(a INTEGER PRIMARY KEY AUTOINCREMENT)
a> CREATE TRIGGER r AFTER INSERT ON sqlite_sequence BEGIN SELECT 1; END
a> CREATE INDEX i5 ON sqlite_sequence(name)
---
ok
0 | 'a' | '' | 0 | NULL | 0
1 | 'b' | '' | 0 | NULL | 0
0 | 'a' | '' | 0 | NULL | 0 | 0
1 | 'g' | '' | 0 | NULL | 0 | 2
2 | 'b' | '' | 0 | NULL | 0 | 0
OperationalError: subqueries prohibited in CHECK constraints
OperationalError: subqueries prohibited in CHECK constraints
OperationalError: parameters prohibited in CHECK constraints
OperationalError: subqueries prohibited in CHECK constraints
OperationalError: subqueries prohibited in CHECK constraints
OperationalError: default value of column [a] is not constant
OperationalError: default value of column [a] is not constant
ok
1 changed
1 | 1 | 2 | 'xy' | 1
OperationalError: default value of column [a] is not constant
OperationalError: default value of column [a] is not constant
OperationalError: default value of column [a] is not constant
OperationalError: subqueries prohibited in partial index WHERE clauses
OperationalError: subqueries prohibited in partial index WHERE clauses
OperationalError: parameters prohibited in partial index WHERE clauses
OperationalError: subqueries prohibited in partial index WHERE clauses
OperationalError: default value of column [z] is not constant
ok
4 changed
'ok'
ok
'CHECK constraint failed in t'
'CHECK constraint failed in t'
'CHECK constraint failed in t'
'CHECK constraint failed in t'
'CHECK constraint failed in t'
ok
-2147483648
ok
0
ok
2147483647
ok
0
ok
7
ok
16
2
1
483
ok
0
ok
5000
1 | 1
OperationalError: second argument to likelihood() must be a constant between 0.0 and 1.0
OperationalError: second argument to likelihood() must be a constant between 0.0 and 1.0
OperationalError: near ";": syntax error
-0.0 | -0.0 | -0.0 | 0.0 | -0.0 | -0.0 | 0.0 | '0.0'
0.0
ok
OperationalError: table sqlite_stat1 may not be indexed
OperationalError: cannot create trigger on system table
ok
OperationalError: cannot create trigger on system table
OperationalError: table sqlite_sequence may not be indexed

