#! aerodb
# Plans; where SQLite 3.40 has no such syntax (ORDER BY in aggregates), or errs.
a> CREATE TABLE t(id INTEGER PRIMARY KEY, g TEXT, v INTEGER, x REAL)
a> INSERT INTO t VALUES (1, 'a', 3, 1e16), (2, 'b', 1, 1.0), (3, 'a', 2, -1e16), (4, 'b', NULL, 0.5), (5, 'a', 2, 0.25)
a> CREATE INDEX by_v ON t(v)
---
ok
5 changed
ok

a> [plan] SELECT id, sum(v) OVER (PARTITION BY g ORDER BY v) FROM t
a> [plan] SELECT v, row_number() OVER (ORDER BY v) FROM t
a> [plan] SELECT id, rank() OVER (ORDER BY g), rank() OVER (ORDER BY v DESC, id) FROM t ORDER BY id
a> [plan] SELECT * FROM (SELECT g, v, row_number() OVER (PARTITION BY g ORDER BY id) AS n FROM t) WHERE g = 'a' AND n < 3
---
plan CO-ROUTINE (subquery-1)
plan SCAN t
plan USE TEMP B-TREE FOR ORDER BY
plan SCAN (subquery-1)
3 | 4
5 | 4
1 | 7
4 | NULL
2 | 1
plan CO-ROUTINE (subquery-1)
plan SCAN t USING COVERING INDEX by_v
plan SCAN (subquery-1)
NULL | 1
1 | 2
2 | 3
2 | 4
3 | 5
plan CO-ROUTINE (subquery-1)
plan SCAN t
plan USE TEMP B-TREE FOR ORDER BY
plan USE TEMP B-TREE FOR ORDER BY
plan SCAN (subquery-1)
plan USE TEMP B-TREE FOR ORDER BY
1 | 1 | 1
2 | 4 | 4
3 | 1 | 2
4 | 4 | 5
5 | 1 | 3
plan CO-ROUTINE (subquery-1)
plan SCAN t
plan USE TEMP B-TREE FOR ORDER BY
plan SCAN (subquery-1)
'a' | 3 | 1
'a' | 2 | 2

# A condition on what all windows are partitioned by is tested before them.
a> CREATE INDEX by_g ON t(g)
a> [plan] SELECT * FROM (SELECT g, id, row_number() OVER (PARTITION BY g ORDER BY id) AS n, count(*) OVER (PARTITION BY g) FROM t)
  WHERE g = 'a' AND n > 1
a> [plan] SELECT * FROM (SELECT g, id, row_number() OVER (PARTITION BY g ORDER BY id) AS n, count(*) OVER () FROM t) WHERE g = 'a'
---
ok
plan CO-ROUTINE (subquery-1)
plan SEARCH t USING COVERING INDEX by_g (g=?)
plan USE TEMP B-TREE FOR ORDER BY
plan SCAN (subquery-1)
'a' | 3 | 2 | 3
'a' | 5 | 3 | 3
plan CO-ROUTINE (subquery-1)
plan SCAN t
plan USE TEMP B-TREE FOR ORDER BY
plan SCAN (subquery-1)
'a' | 1 | 1 | 5
'a' | 3 | 2 | 5
'a' | 5 | 3 | 5

# A sum depends on the rows of its frame and on nothing that has left it (INV-T3).
a> SELECT id, sum(x) OVER (ORDER BY id ROWS 1 PRECEDING), avg(x) OVER (ORDER BY id ROWS 2 PRECEDING), sum(x) OVER () FROM t
a> SELECT sum(n) OVER (ROWS CURRENT ROW) FROM (SELECT 1.5 AS n UNION ALL SELECT 2)
a> SELECT sum(n) OVER (ROWS 1 PRECEDING) FROM (SELECT 9e999 AS n UNION ALL SELECT -9e999 UNION ALL SELECT 2 UNION ALL SELECT 3)
a> SELECT id, min(v) FILTER (WHERE g = 'a') OVER (ORDER BY id ROWS 1 PRECEDING) FROM t
a> SELECT group_concat(n) OVER (ORDER BY k ROWS CURRENT ROW) FROM (SELECT 1 AS k, 'a' AS n UNION ALL SELECT 2, '')
---
1 | 1e+16 | 1e+16 | 1.75
2 | 1e+16 | 5000000000000000.0 | 1.75
3 | -1e+16 | 0.3333333333333333 | 1.75
4 | -1e+16 | -3333333333333332.5 | 1.75
5 | 0.75 | -3333333333333333.5 | 1.75
1.5
2
inf
NULL
-inf
5
1 | 3
2 | 3
3 | 2
4 | 2
5 | 2
'a'
''

# ORDER BY in aggregates (SQLite 3.44).
a> SELECT group_concat(id, '-' ORDER BY v DESC, id), group_concat(g ORDER BY id DESC), string_agg(id, '/' ORDER BY g COLLATE NOCASE, v NULLS LAST) FROM t
a> SELECT g, group_concat(id ORDER BY v DESC NULLS FIRST, id DESC), count(v ORDER BY id), sum(v ORDER BY id DESC) FROM t GROUP BY g
a> SELECT group_concat(id, ',' ORDER BY x) FILTER (WHERE v > 1), group_concat(DISTINCT v ORDER BY id DESC), group_concat(DISTINCT v ORDER BY v) FROM t
a> SELECT g, group_concat(DISTINCT v ORDER BY id) FILTER (WHERE id > 1), group_concat(id, v ORDER BY -id) FROM t GROUP BY g HAVING max(id ORDER BY 1) > 0
a> SELECT count(ORDER BY v), group_concat(v ORDER BY (SELECT -t.id)) FROM t
a> SELECT string_agg(id, ',' ORDER BY coalesce(g, '') || coalesce(v + 0, '') || '@' DESC) FILTER (WHERE v + 1 > 1) FROM t
a> SELECT abs(v ORDER BY id) FROM t
a> SELECT sum(v ORDER BY id) OVER () FROM t
a> SELECT group_concat(DISTINCT v, g ORDER BY id) FROM t
a> SELECT group_concat(v ORDER BY missing) FROM t
a> SELECT group_concat(v ORDER id) FROM t
a> SELECT count(* ORDER BY id) FROM t
---
'1-3-5-2-4' | 'a,b,a,b,a' | '3/5/1/2/4'
'a' | '1,5,3' | 3 | 7
'b' | '4,2' | 1 | 1
'3,5,1' | '2,1,3' | '1,2,3'
'a' | '2' | '52331'
'b' | '1' | '412'
5 | '2,2,1,3'
'2,1,3,5'
OperationalError: ORDER BY may not be used with non-aggregate abs()
OperationalError: ORDER BY may not be used with non-aggregate sum()
OperationalError: DISTINCT aggregates must have exactly one argument
OperationalError: no such column: missing
OperationalError: near "id": syntax error
OperationalError: near "ORDER": syntax error

