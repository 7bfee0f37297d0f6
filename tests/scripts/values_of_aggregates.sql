# One row of VALUES is a SELECT without FROM: aggregates and window functions may stand in it.
a> CREATE TABLE t(a, b DEFAULT 5)
a> INSERT INTO t(a) VALUES (1), (2)
a> [names] VALUES (count(*), sum(1), max(5) + 1, group_concat('x'), sum(NULL))
a> VALUES (count(*) FILTER (WHERE 0), count(DISTINCT 1))
a> VALUES (1) UNION ALL VALUES (count(*))
a> VALUES (1), (2) EXCEPT VALUES (count(*))
a> SELECT * FROM (VALUES (count(*)))
a> SELECT a FROM t WHERE a IN (VALUES (count(*)))
a> SELECT a, (VALUES (count(*))) FROM t
a> SELECT (VALUES (count(a))) FROM t
a> SELECT sum(a), (VALUES (sum(t.b) + count(*))) FROM t
a> WITH c(x) AS (VALUES (count(*))) SELECT * FROM c
a> WITH r(n) AS (VALUES (count(*)) UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r
a> SELECT typeof(column1) FROM (VALUES (avg(2)))
a> CREATE VIEW v AS VALUES (count(*))
a> SELECT * FROM v
a> CREATE TABLE c AS VALUES (count(*))
a> SELECT * FROM c
---
ok
2 changed
column1, column2, column3, column4, column5
1 | 1 | 6 | 'x' | NULL
0 | 1
1
1
2
1
1
1 | 1
2 | 1
2
3 | 11
1
1
2
3
'real'
ok
1
ok
1

# Several rows: aggregates are refused, window functions are not.
a> VALUES (count(*)), (2)
a> VALUES (1), (count(*)), (3)
a> SELECT * FROM t WHERE a IN (VALUES (1), (count(*)))
a> VALUES (sum(count(*)))
a> VALUES (count(nope))
a> VALUES (1), (row_number() OVER ())
a> VALUES (1, sum(5) OVER (ORDER BY 1)), (2, 3), (4, count(*) OVER ())
a> VALUES (count(*) + row_number() OVER ())
a> VALUES (sum(count(*)) OVER ())
a> VALUES (sum(1) OVER w)
a> SELECT a, (VALUES (row_number() OVER (ORDER BY a)), (2)) FROM t
a> SELECT * FROM t WHERE a IN (VALUES (1), (row_number() OVER ()))
---
OperationalError: misuse of aggregate: count()
OperationalError: misuse of aggregate: count()
OperationalError: misuse of aggregate: count()
OperationalError: misuse of aggregate function count()
OperationalError: no such column: nope
1
1
1 | 5
2 | 3
4 | 1
2
1
OperationalError: no such window: w
1 | 1
2 | 1
1 | 5

# INSERT takes one row of VALUES for the values of columns, several for a query.
a> INSERT INTO t VALUES (count(*), 1)
a> INSERT INTO t VALUES (count(*), 1), (2, 3)
a> INSERT INTO t VALUES (1, 2), (count(*), 3)
a> INSERT INTO t VALUES (sum(nope), 3)
a> INSERT INTO t VALUES (row_number() OVER (), 1)
a> INSERT INTO t VALUES (row_number() OVER (), 10), (7, 11)
a> INSERT INTO t VALUES (8, 12) UNION ALL VALUES (count(*), 13)
a> INSERT INTO t SELECT * FROM (VALUES (count(*), sum(2)))
a> INSERT INTO t(a) VALUES ((VALUES (count(*) + 20)))
a> UPDATE t SET (a, b) = (VALUES (count(*) + 30, max(3))) WHERE a = 8
a> DELETE FROM t WHERE a IN (VALUES (count(*)))
a> SELECT * FROM t ORDER BY a, b
a> SELECT a FROM t WHERE count(nope)
---
OperationalError: misuse of aggregate function count()
OperationalError: misuse of aggregate: count()
OperationalError: misuse of aggregate: count()
OperationalError: no such column: nope
OperationalError: misuse of window function row_number()
2 changed
2 changed
1 changed
1 changed
1 changed
4 changed
2 | 5
7 | 11
21 | 5
31 | 3
OperationalError: no such column: nope

# A DEFAULT may call what is not there, or an aggregate: the INSERT that needs it fails.
a> CREATE TABLE d(a, b DEFAULT (count(*)), c DEFAULT (nosuch(1)), e DEFAULT (abs()))
a> INSERT INTO d VALUES (1, 2, 3, 4)
a> INSERT INTO d(a, c, e) VALUES (1, 2, 3)
a> INSERT INTO d(a, b, e) VALUES (1, 2, 3)
a> INSERT INTO d(a, b, c) VALUES (1, 2, 3)
a> CREATE TABLE w(a DEFAULT (row_number() OVER ()))
a> ALTER TABLE t ADD x DEFAULT (count(*))
a> CREATE TABLE e(a NOT NULL DEFAULT (nosuch()))
a> INSERT INTO e VALUES (1)
a> INSERT INTO e DEFAULT VALUES
a> SELECT * FROM d
---
ok
1 changed
OperationalError: unknown function: count()
OperationalError: unknown function: nosuch()
OperationalError: unknown function: abs()
OperationalError: default value of column [a] is not constant
OperationalError: Cannot add a column with non-constant default
ok
1 changed
OperationalError: unknown function: nosuch()
1 | 2 | 3 | 4
