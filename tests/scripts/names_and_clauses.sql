# A WINDOW clause without FROM, a first definition whose base SQLite overlooks.
a> SELECT row_number() OVER w, 5 WINDOW w AS (ORDER BY 1) LIMIT 1
a> SELECT 1 window WINDOW w AS ()
a> CREATE TABLE t(a, b)
a> INSERT INTO t VALUES (1, 2), (1, 3), (2, 5)
a> SELECT sum(b) OVER w FROM t WINDOW w AS (nowhere PARTITION BY a)
a> SELECT sum(b) OVER v FROM t WINDOW w AS (), v AS (nowhere PARTITION BY a)
---
1 | 5
1
ok
3 changed
5
5
5
OperationalError: no such window: nowhere

# A table joined to itself under one name: what USING made one column is not ambiguous, the others are.
a> SELECT * FROM t NATURAL JOIN t
a> SELECT t.* FROM t NATURAL JOIN t
a> SELECT * FROM t JOIN t USING (a, b)
a> SELECT * FROM t JOIN t USING (a)
a> SELECT T.A FROM t, t
---
1 | 2
1 | 3
2 | 5
1 | 2 | 1 | 2
1 | 3 | 1 | 3
2 | 5 | 2 | 5
1 | 2
1 | 3
2 | 5
OperationalError: ambiguous column name: main.t.b
OperationalError: ambiguous column name: T.A

# Aliases of aggregates and of window functions where they may not stand, aggregates of an enclosing block.
a> SELECT min(a) AS low FROM t GROUP BY b HAVING max(low + 5) < 10
a> SELECT sum(a) OVER () AS s FROM t ORDER BY (SELECT s)
a> SELECT a FROM t WHERE (SELECT SUM(t.a)) > 0
a> SELECT max((SELECT Sum(a))) FROM t
---
OperationalError: misuse of aliased aggregate low
OperationalError: misuse of aliased window function s
OperationalError: misuse of aggregate: SUM()
OperationalError: misuse of aggregate: Sum()

# Integers that do not fit 32 bits are no column numbers; LIMIT is a 64-bit integer; an escape has one character.
a> SELECT b FROM t ORDER BY 4294967296, b DESC
a> SELECT b FROM t ORDER BY 2147483647
a> SELECT count(*) FROM t GROUP BY 2147483648
a> SELECT 1 LIMIT 9223372036854775808
a> SELECT 'a' LIKE 'a' ESCAPE ''
a> SELECT t.*
a> SELECT like('a', 'a', '')
---
5
3
2
OperationalError: 1st ORDER BY term out of range - should be between 1 and 1
3
IntegrityError: datatype mismatch
OperationalError: ESCAPE expression must be a single character
OperationalError: no such table: t
OperationalError: ESCAPE expression must be a single character

# Names: the rowid of a subquery and of a view, repeated names of a view's columns.
a> CREATE VIEW v(x, x) AS SELECT a, b FROM t
a> [names] SELECT oid, * FROM v LIMIT 1
a> [names] SELECT q._rowid_ FROM (SELECT DISTINCT a FROM t) AS q LIMIT 1
---
ok
rowid, x, x:1
NULL | 1 | 2
rowid
NULL

# Of a column named twice the first value counts, of the rowid the last.
a> CREATE TABLE k(a INTEGER PRIMARY KEY, b)
a> INSERT INTO k(a, b, a, b) VALUES (1, 2, 3, 4)
a> INSERT INTO t(rowid, a, oid) VALUES (50, 7, 60)
a> SELECT * FROM k
a> SELECT rowid, a FROM t WHERE a = 7
---
ok
1 changed
1 changed
3 | 2
60 | 7

# Terms of a compound's ORDER BY do not look at COLLATE.
a> SELECT a COLLATE nocase FROM t UNION ALL SELECT b FROM t ORDER BY a DESC LIMIT 2
---
7
5

# The table that a statement of a trigger writes has no hint and no alias; nor has the statement a WITH, ORDER BY or LIMIT.
a> CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t INDEXED BY i SET a = 1; END
a> CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM t NOT INDEXED; END
a> CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t AS u SET a = 1; END
a> CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO t AS u VALUES (1, 2); END
a> CREATE TRIGGER x AFTER INSERT ON t BEGIN WITH q AS (SELECT 1) DELETE FROM t; END
a> CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM t LIMIT 1; END
a> CREATE TRIGGER x AFTER INSERT ON t BEGIN WITH q AS (SELECT 1) SELECT * FROM q; END
---
OperationalError: the INDEXED BY clause is not allowed on UPDATE or DELETE statements within triggers
OperationalError: the NOT INDEXED clause is not allowed on UPDATE or DELETE statements within triggers
OperationalError: near "AS": syntax error
OperationalError: near "AS": syntax error
OperationalError: near "DELETE": syntax error
OperationalError: near "LIMIT": syntax error
ok

# A trigger may not delete the row for whose sake UPDATE OR REPLACE deletes another.
a> PRAGMA recursive_triggers = ON
a> CREATE TABLE r(a UNIQUE, b UNIQUE)
a> CREATE TRIGGER rd AFTER DELETE ON r BEGIN DELETE FROM r; END
a> INSERT INTO r VALUES (1, NULL), (0, NULL)
a> UPDATE OR REPLACE r SET b = 1
a> SELECT * FROM r
---
ok
ok
ok
2 changed
IntegrityError: constraint failed
1 | NULL
0 | NULL

# Collations that there are not.
a> CREATE TABLE c(a, PRIMARY KEY (a COLLATE nope))
a> ALTER TABLE k ADD c TEXT COLLATE nope
a> ALTER TABLE k ADD c AS (nope)
---
OperationalError: no such collation sequence: nope
OperationalError: no such collation sequence: nope
OperationalError: error in table k after add column: no such column: nope

# RENAME reaches into windows and CTEs that nobody uses, and passes over functions and collations that it does not know.
a> CREATE TABLE n(a, b)
a> CREATE VIEW n1 AS SELECT sum(b) OVER w FROM n WINDOW w AS (), v AS (PARTITION BY a ORDER BY (SELECT max(a) FROM n))
a> CREATE VIEW n2 AS WITH q AS (SELECT a FROM n) SELECT 1
a> CREATE VIEW n3 AS SELECT mine(a), sum(a) FILTER (WHERE mine(b, 1)) FROM n WHERE a = 'x' COLLATE own
a> ALTER TABLE n RENAME a TO c
a> ALTER TABLE n RENAME TO m
a> SELECT sql FROM sqlite_schema WHERE type = 'view' AND name > 'n'
a> SELECT * FROM n3
---
ok
ok
ok
ok
ok
ok
'CREATE VIEW v(x, x) AS SELECT a, b FROM t'
'CREATE VIEW n1 AS SELECT sum(b) OVER w FROM "m" WINDOW w AS (), v AS (PARTITION BY c ORDER BY (SELECT max(c) FROM "m"))'
'CREATE VIEW n2 AS WITH q AS (SELECT c FROM "m") SELECT 1'
'CREATE VIEW n3 AS SELECT mine(c), sum(c) FILTER (WHERE mine(b, 1)) FROM "m" WHERE c = \'x\' COLLATE own'
OperationalError: no such function: mine

# RENAME TO finds the table before the names of its rowid.
a> CREATE VIEW n4 AS SELECT rowid, m.rowid, (SELECT m.oid + k._rowid_ FROM k) FROM m
a> ALTER TABLE m RENAME TO n
a> SELECT sql FROM sqlite_schema WHERE name = 'n4'
a> SELECT count(*) FROM n4
---
ok
ok
'CREATE VIEW n4 AS SELECT rowid, "n".rowid, (SELECT "n".oid + k._rowid_ FROM k) FROM "n"'
0

# What errors call the table of an INSERT; DEFAULT VALUES after names of columns.
a> INSERT INTO main.k VALUES (1)
a> INSERT INTO k AS q VALUES (1)
a> INSERT INTO main.K(nope) VALUES (1)
a> INSERT INTO k AS q(nope) VALUES (1)
a> INSERT INTO k(a, b) DEFAULT VALUES
a> INSERT INTO k(a, nope) DEFAULT VALUES
---
OperationalError: table main.k has 2 columns but 1 values were supplied
OperationalError: table q has 2 columns but 1 values were supplied
OperationalError: table main.K has no column named nope
OperationalError: table q has no column named nope
OperationalError: 0 values for 2 columns
OperationalError: table k has no column named nope
