# STRICT tables: a value that its column's affinity does not make fit is an error.
a> CREATE TABLE s(a INT, b INTEGER, c REAL, d TEXT, e BLOB, f ANY) STRICT
a> INSERT INTO s VALUES ('1', 2.0, 1, 5, x'00', '007'), (NULL, NULL, NULL, NULL, NULL, NULL)
a> SELECT *, typeof(a), typeof(c), typeof(d), typeof(f) FROM s
a> INSERT INTO s(a) VALUES ('x')
a> INSERT INTO s(b) VALUES (1.5)
a> INSERT INTO s(c) VALUES ('abc')
a> INSERT INTO s(d) VALUES (x'00')
a> INSERT INTO s(e) VALUES ('a')
a> INSERT OR IGNORE INTO s(e) VALUES (1)
a> UPDATE s SET a = 'zz'
a> UPDATE s SET a = '12', f = 12 WHERE a = 1
a> SELECT *, typeof(f) FROM s
a> CREATE TABLE m(a) STRICT
a> CREATE TABLE m(a foo) STRICT
a> CREATE TABLE m(a VARCHAR(5)) STRICT
a> CREATE TABLE m(a INT) STRICT, STRICT
a> CREATE TABLE m2(a INT) other
a> CREATE TABLE m2(a INT) WITHOUT other
a> CREATE TABLE k(a INTEGER PRIMARY KEY, b ANY UNIQUE, c REAL NOT NULL DEFAULT 5) STRICT
a> INSERT INTO k(a) VALUES ('x')
a> INSERT INTO k(b) VALUES (1), ('1')
a> INSERT INTO k(b) VALUES ('1')
a> SELECT *, typeof(c) FROM k
a> CREATE TABLE p(a TEXT PRIMARY KEY) STRICT
a> INSERT INTO p VALUES (NULL)
a> INSERT INTO p VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9)
a> SELECT max(a), typeof(a) FROM p
a> CREATE TABLE g(a INT, b INT AS (a || 'x'), c ANY AS (a)) STRICT
a> INSERT INTO g VALUES (1)
a> SELECT *, typeof(b) FROM g
a> DROP TABLE g
a> ALTER TABLE s ADD g
a> ALTER TABLE s ADD g TEXT DEFAULT 5
a> SELECT DISTINCT typeof(g) FROM s
a> PRAGMA table_list(k)
a> SELECT sql FROM sqlite_schema WHERE name = 's'
a> PRAGMA integrity_check
---
ok
2 changed
1 | 2 | 1.0 | '5' | x'00' | '007' | 'integer' | 'real' | 'text' | 'text'
NULL | NULL | NULL | NULL | NULL | NULL | 'null' | 'null' | 'null' | 'null'
IntegrityError: cannot store TEXT value in INT column s.a
IntegrityError: cannot store REAL value in INTEGER column s.b
IntegrityError: cannot store TEXT value in REAL column s.c
IntegrityError: cannot store BLOB value in TEXT column s.d
IntegrityError: cannot store TEXT value in BLOB column s.e
IntegrityError: cannot store INT value in BLOB column s.e
IntegrityError: cannot store TEXT value in INT column s.a
1 changed
12 | 2 | 1.0 | '5' | x'00' | 12 | 'integer'
NULL | NULL | NULL | NULL | NULL | NULL | 'null'
OperationalError: missing datatype for m.a
OperationalError: unknown datatype for m.a: "foo"
OperationalError: unknown datatype for m.a: "VARCHAR(5)"
ok
OperationalError: unknown table option: other
OperationalError: unknown table option: other
ok
IntegrityError: datatype mismatch
2 changed
IntegrityError: UNIQUE constraint failed: k.b
1 | 1 | 5.0 | 'real'
2 | '1' | 5.0 | 'real'
ok
IntegrityError: NOT NULL constraint failed: p.a
9 changed
'9' | 'text'
ok
1 changed
1 | '1x' | 1 | 'text'
ok
OperationalError: error in table s after add column: missing datatype for s.g
ok
'text'
'main' | 'k' | 'table' | 3 | 0 | 1
'CREATE TABLE s(a INT, b INTEGER, c REAL, d TEXT, e BLOB, f ANY, g TEXT DEFAULT 5) STRICT'
'ok'

