# Generated columns: over others, generated ones too, in any order; VIRTUAL and STORED are told apart by table_xinfo alone.
a> CREATE TABLE t(a, b AS (c || '!'), c TEXT GENERATED ALWAYS AS (a + 1) STORED, d INT AS (b) VIRTUAL UNIQUE, e REAL AS (a) CHECK (e < 100))
a> INSERT INTO t VALUES (1)
a> INSERT INTO t(a) VALUES (2), (x'61')
a> [names] SELECT *, typeof(c), typeof(d), typeof(e) FROM t
a> SELECT a FROM t WHERE c = '3' AND b > '3' ORDER BY d DESC
a> PRAGMA table_info(t)
a> PRAGMA table_xinfo(t)
a> INSERT INTO t VALUES (2)
a> INSERT INTO t VALUES (100)
a> INSERT INTO t VALUES (1, 2)
a> INSERT INTO t(a, c) VALUES (1, 2)
a> UPDATE t SET d = 1
a> UPDATE t SET a = a + 10 WHERE c = '2' RETURNING a, b, c
a> CREATE INDEX i ON t(c, e)
a> SELECT a FROM t WHERE c = '12'
a> UPDATE t SET a = 12 WHERE a = 2
a> UPDATE t SET a = a + 20 WHERE typeof(a) = 'integer'
a> REPLACE INTO t(a) VALUES (31)
a> INSERT INTO t SELECT a + 2 FROM t WHERE a < 50
a> INSERT INTO t DEFAULT VALUES
a> SELECT * FROM t ORDER BY rowid
a> CREATE TABLE copy AS SELECT * FROM t
a> SELECT sql FROM sqlite_schema WHERE sql NOT NULL
a> PRAGMA integrity_check
---
ok
1 changed
IntegrityError: CHECK constraint failed: e < 100
a, b, c, d, e, typeof(c), typeof(d), typeof(e)
1 | '2!' | '2' | '2!' | 1.0 | 'text' | 'text' | 'real'
(no rows)
0 | 'a' | '' | 0 | NULL | 0
0 | 'a' | '' | 0 | NULL | 0 | 0
1 | 'b' | '' | 0 | NULL | 0 | 2
2 | 'c' | 'TEXT' | 0 | NULL | 0 | 3
3 | 'd' | 'INT' | 0 | NULL | 0 | 2
4 | 'e' | 'REAL' | 0 | NULL | 0 | 2
1 changed
IntegrityError: CHECK constraint failed: e < 100
OperationalError: table t has 1 columns but 2 values were supplied
OperationalError: cannot INSERT into generated column "c"
OperationalError: cannot UPDATE generated column "d"
11 | '12!' | '12'
ok
11
1 changed
2 changed
1 changed
2 changed
1 changed
32 | '33!' | '33' | '33!' | 32.0
31 | '32!' | '32' | '32!' | 31.0
34 | '35!' | '35' | '35!' | 34.0
33 | '34!' | '34' | '34!' | 33.0
NULL | NULL | NULL | NULL | NULL
ok
"CREATE TABLE t(a, b AS (c || '!'), c TEXT GENERATED ALWAYS AS (a + 1) STORED, d INT AS (b) VIRTUAL UNIQUE, e REAL AS (a) CHECK (e < 100))"
'CREATE INDEX i ON t(c, e)'
'CREATE TABLE copy(a,b,c TEXT,d INT,e REAL)'
'ok'

# NOT NULL, CHECK and affinity hold for them.
a> CREATE TABLE n(b, a INTEGER AS (b) NOT NULL, c AS (a * 2) CHECK (c < 10), d COLLATE nocase AS (b) UNIQUE)
a> INSERT INTO n VALUES (NULL)
a> INSERT INTO n VALUES ('3'), ('x')
a> INSERT INTO n VALUES (9)
a> INSERT INTO n VALUES ('X')
a> INSERT OR IGNORE INTO n VALUES ('X'), (2), (NULL)
a> SELECT *, typeof(a) FROM n
---
ok
IntegrityError: NOT NULL constraint failed: n.a
2 changed
IntegrityError: CHECK constraint failed: c < 10
IntegrityError: UNIQUE constraint failed: n.d
1 changed
'3' | 3 | 6 | '3' | 'integer'
'x' | 'x' | 0 | 'x' | 'text'
2 | 2 | 4 | 2 | 'integer'

# What is refused.
a> CREATE TABLE x(a AS (1))
a> CREATE TABLE x(b, a PRIMARY KEY AS (b))
a> CREATE TABLE x(a, b GENERATED ALWAYS AS (a), PRIMARY KEY (b))
a> CREATE TABLE x(b, a AS (b) DEFAULT 3)
a> CREATE TABLE x(b, a DEFAULT 3 AS (b))
a> CREATE TABLE x(b, a AS (rowid))
a> CREATE TABLE x(b, a AS (random()))
a> CREATE TABLE x(b, a AS (current_time))
a> CREATE TABLE x(b, a AS ((SELECT 1)))
a> CREATE TABLE x(b, a AS (b) VIRTUAL STORED)
a> CREATE TABLE x(b, a AS (b) other)
a> CREATE TABLE x(b, a AS (nope))
a> CREATE TABLE x(b, a AS (x.b))
a> CREATE TABLE x(b, a AS (sum(b)))
a> CREATE TABLE x(a AS (b), b AS (a), c)
a> INSERT INTO x VALUES (1)
---
OperationalError: must have at least one non-generated column
OperationalError: generated columns cannot be part of the PRIMARY KEY
OperationalError: generated columns cannot be part of the PRIMARY KEY
OperationalError: cannot use DEFAULT on a generated column
OperationalError: error in generated column "a"
OperationalError: no such column: rowid
OperationalError: non-deterministic functions prohibited in generated columns
OperationalError: non-deterministic functions prohibited in generated columns
OperationalError: subqueries prohibited in generated columns
OperationalError: near "STORED": syntax error
OperationalError: error in generated column "a"
OperationalError: no such column: nope
OperationalError: the "." operator prohibited in generated columns
OperationalError: misuse of aggregate function sum()
ok
OperationalError: generated column loop on "b"

# ALTER TABLE and generated columns.
a> ALTER TABLE n ADD e AS (b || a)
a> ALTER TABLE n ADD f AS (b) STORED
a> ALTER TABLE n ADD g AS (NULL) NOT NULL
a> SELECT * FROM n
a> ALTER TABLE n RENAME b TO [base]
a> ALTER TABLE n DROP base
a> ALTER TABLE n DROP e
a> INSERT INTO n VALUES (1)
a> SELECT * FROM n
a> SELECT sql FROM sqlite_schema WHERE name = 'n'
---
ok
OperationalError: cannot add a STORED column
OperationalError: NOT NULL constraint failed
'3' | 3 | 6 | '3' | '33'
'x' | 'x' | 0 | 'x' | 'xx'
2 | 2 | 4 | 2 | '22'
ok
OperationalError: error in table n after drop column: must have at least one non-generated column
ok
1 changed
'3' | 3 | 6 | '3'
'x' | 'x' | 0 | 'x'
2 | 2 | 4 | 2
1 | 1 | 2 | 1
'CREATE TABLE n("base", a INTEGER AS ("base") NOT NULL, c AS (a * 2) CHECK (c < 10), d COLLATE nocase AS ("base") UNIQUE)'

