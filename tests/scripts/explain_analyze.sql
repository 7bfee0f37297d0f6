#! aerodb
# EXPLAIN ANALYZE: detail | loops | visited | rows; the times are left out.

a> CREATE TABLE t(a INTEGER PRIMARY KEY, b, c)
a> CREATE TABLE u(x, y)
a> CREATE INDEX u_x ON u(x)
a> INSERT INTO t SELECT value, value % 10, 'n' || value FROM generate_series(1, 2000)
a> INSERT INTO u SELECT value, value FROM generate_series(1, 2000, 8)
---
ok
ok
ok
2000 changed
250 changed

a> [analyze] SELECT * FROM t WHERE b = 3
---
plan SCAN t | 1 | 2000 | 200
plan RESULT | 1 | None | 200

a> [analyze] SELECT * FROM t WHERE a = 3
---
plan SEARCH t USING INTEGER PRIMARY KEY (rowid=?) | 1 | 1 | 1
plan RESULT | 1 | None | 1

a> [analyze] SELECT * FROM t WHERE a = 'none'
---
plan SEARCH t USING INTEGER PRIMARY KEY (rowid=?) | 1 | 0 | 0
plan RESULT | 1 | None | 0

a> [analyze] SELECT b, count(*) FROM t WHERE a > 1000 GROUP BY b ORDER BY 2, 1
---
plan SEARCH t USING INTEGER PRIMARY KEY (rowid>?) | 1 | 1000 | 1000
plan USE TEMP B-TREE FOR GROUP BY | 1 | None | 10
plan USE TEMP B-TREE FOR ORDER BY | 1 | None | 10
plan RESULT | 1 | None | 10

a> [analyze] SELECT DISTINCT b FROM t
---
plan SCAN t | 1 | 2000 | 2000
plan USE TEMP B-TREE FOR DISTINCT | 1 | None | 10
plan RESULT | 1 | None | 10

a> [analyze] SELECT DISTINCT b, a FROM t ORDER BY c LIMIT 3
---
plan SCAN t | 1 | 2000 | 2000
plan USE TEMP B-TREE FOR DISTINCT | 1 | None | 2000
plan USE TEMP B-TREE FOR ORDER BY | 1 | None | 2000
plan RESULT | 1 | None | 3

a> [analyze] SELECT c FROM t WHERE b > 4 LIMIT 3
---
plan SCAN t | 1 | 7 | 3
plan RESULT | 1 | None | 3

a> [analyze] SELECT * FROM u CROSS JOIN t ON t.a = u.x WHERE t.b = 1
---
plan SCAN u | 1 | 250 | 250
plan SEARCH t USING INTEGER PRIMARY KEY (rowid=?) | 250 | 250 | 50
plan RESULT | 1 | None | 50

a> [analyze] SELECT * FROM t LEFT JOIN u ON u.x = t.a AND u.y > 100 WHERE t.b = 1
---
plan SCAN t | 1 | 2000 | 200
plan SEARCH u USING HASH JOIN (x=?) LEFT-JOIN | 200 | 200 | 200
plan RESULT | 1 | None | 200

a> [analyze] SELECT count(*), sum(y) FROM t LEFT JOIN u ON u.y < t.b - 5 WHERE t.a < 11
---
plan SEARCH t USING INTEGER PRIMARY KEY (rowid<?) | 1 | 10 | 10
plan SCAN u LEFT-JOIN | 10 | 2500 | 10
plan RESULT | 1 | None | 1

a> [analyze] SELECT b FROM t UNION SELECT y FROM u ORDER BY 1
---
plan COMPOUND QUERY | None | None | None
plan LEFT-MOST SUBQUERY | 1 | None | 2000
plan SCAN t | 1 | 2000 | 2000
plan UNION USING TEMP B-TREE | 1 | None | 250
plan SCAN u | 1 | 250 | 250
plan USE TEMP B-TREE FOR ORDER BY | 1 | None | 258
plan RESULT | 1 | None | 258

a> [analyze] SELECT (SELECT y FROM u WHERE u.x = t.a) FROM t WHERE a < 10
---
plan SEARCH t USING INTEGER PRIMARY KEY (rowid<?) | 1 | 9 | 9
plan CORRELATED SCALAR SUBQUERY 1 | 9 | None | 2
plan SEARCH u USING HASH JOIN (x=?) | 9 | 2 | 2
plan RESULT | 1 | None | 9

a> [analyze] SELECT * FROM t WHERE b IN (SELECT x FROM u)
---
plan SCAN t | 1 | 2000 | 400
plan LIST SUBQUERY 1 | 1 | None | 250
plan SCAN u | 1 | 250 | 250
plan RESULT | 1 | None | 400

a> [analyze] WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 100) SELECT sum(n) FROM r
---
plan CO-ROUTINE r | 1 | None | 100
plan SETUP | 1 | None | 1
plan SCAN CONSTANT ROW | None | None | None
plan RECURSIVE STEP | 100 | None | 99
plan SCAN r | 100 | 100 | 99
plan SCAN r | 1 | 100 | 100
plan RESULT | 1 | None | 1

a> [analyze] SELECT rank() OVER (ORDER BY b) FROM t
---
plan CO-ROUTINE (subquery-1) | 1 | None | 2000
plan SCAN t | 1 | 2000 | 2000
plan USE TEMP B-TREE FOR ORDER BY | 1 | None | 2000
plan SCAN (subquery-1) | 1 | 2000 | 2000
plan RESULT | 1 | None | 2000

a> [analyze] SELECT max(x) FROM u
---
plan SEARCH u USING COVERING INDEX u_x | 1 | 1 | 1
plan RESULT | 1 | None | 1

# What changes rows is carried out.

a> [analyze] UPDATE t SET c = NULL WHERE a <= 5 RETURNING a
a> SELECT count(*) FROM t WHERE c IS NULL
---
plan SEARCH t USING INTEGER PRIMARY KEY (rowid<?) | 1 | 5 | 5
plan RESULT | 1 | None | 5
5

a> [analyze] INSERT INTO u SELECT a, b FROM t WHERE a > 1990
a> [analyze] INSERT INTO u VALUES (1, 2)
a> SELECT count(*) FROM u
---
plan SEARCH t USING INTEGER PRIMARY KEY (rowid>?) | 1 | 10 | 10
plan RESULT | 1 | None | 10
plan RESULT | 1 | None | 1
261

a> BEGIN
a> [analyze] DELETE FROM u
a> SELECT count(*) FROM u
a> ROLLBACK
a> SELECT count(*) FROM u
---
ok
plan SCAN u | 0 | 0 | 0
plan RESULT | 1 | None | 261
0
ok
261

a> EXPLAIN ANALYZE SELECT * FROM nowhere
a> EXPLAIN ANALYZE EXPLAIN SELECT 1
---
OperationalError: no such table: nowhere
OperationalError: near "SELECT": syntax error

# The EXPLAIN of ANALYZE.

a> EXPLAIN ANALYZE
a> EXPLAIN ANALYZE t
---
(no rows)
(no rows)
