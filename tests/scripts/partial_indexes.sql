# A partial index is read where the query implies its condition, and only there.
a> CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, c)
a> CREATE INDEX pa ON t(a) WHERE b IS NOT NULL
a> CREATE INDEX pc ON t(c) WHERE c IS NOT NULL AND a IS NULL
a> CREATE UNIQUE INDEX pu ON t(b) WHERE c > a
a> INSERT INTO t(a, b, c) VALUES (1, NULL, 1), (1, 2, 3), (NULL, 3, 3), (NULL, NULL, 4), (5, NULL, NULL), (1, 2, 0), (1, 'x', NULL)
a> [plan] SELECT id FROM t WHERE a = 1 AND b IS NOT NULL ORDER BY id
a> [plan] SELECT id FROM t WHERE a = 1 AND b = 2 ORDER BY id
a> [plan] SELECT id FROM t WHERE a = 1 AND b > 0 ORDER BY id
a> [plan] SELECT id FROM t WHERE a = 1 AND b IS 2 ORDER BY id
a> [plan] SELECT id FROM t WHERE a = 1 ORDER BY id
a> [plan] SELECT id FROM t WHERE a = 1 AND b IS NULL ORDER BY id
a> [plan] SELECT id FROM t WHERE c = 3 AND a IS NULL ORDER BY id
a> [plan] SELECT id FROM t WHERE c = 3 ORDER BY id
a> [plan] SELECT id FROM t WHERE b = 2 AND c > a
a> [plan] SELECT x.id, y.id FROM t x LEFT JOIN t y ON y.a = x.a AND y.b IS NOT NULL ORDER BY 1, 2
a> SELECT x.id, y.id FROM t x LEFT JOIN t y ON y.a = x.a WHERE y.b IS NOT NULL ORDER BY 1, 2
a> SELECT x.id, y.id FROM t x FULL JOIN t y ON y.a = x.id AND y.b IS NOT NULL ORDER BY 1, 2
a> UPDATE t SET c = c + 10 WHERE a = 1 AND b IS NOT NULL
a> DELETE FROM t WHERE a = 1 AND b = 'x'
a> SELECT * FROM t INDEXED BY pa WHERE a = 1
a> SELECT count(*) FROM t INDEXED BY pa WHERE a = 1 AND b IN (2, 3)
a> SELECT * FROM t ORDER BY id
a> PRAGMA integrity_check
---
ok
ok
ok
ok
7 changed
plan SEARCH t USING INDEX pa (a=?)
2
6
7
plan SEARCH t USING INDEX pa (a=?)
2
6
plan SEARCH t USING INDEX pa (a=?)
2
6
7
plan SEARCH t USING INDEX pa (a=?)
2
6
plan SCAN t
1
2
6
7
plan SCAN t
1
plan SEARCH t USING INDEX pc (c=?)
3
plan SCAN t
2
3
plan SEARCH t USING INDEX pu (b=?)
2
plan SCAN x
plan SEARCH y USING HASH JOIN (a=?) LEFT-JOIN
plan USE TEMP B-TREE FOR ORDER BY
1 | 2
1 | 6
1 | 7
2 | 2
2 | 6
2 | 7
3 | NULL
4 | NULL
5 | NULL
6 | 2
6 | 6
6 | 7
7 | 2
7 | 6
7 | 7
1 | 2
1 | 6
1 | 7
2 | 2
2 | 6
2 | 7
6 | 2
6 | 6
6 | 7
7 | 2
7 | 6
7 | 7
NULL | 1
NULL | 3
NULL | 4
NULL | 5
1 | 2
1 | 6
1 | 7
2 | NULL
3 | NULL
4 | NULL
5 | NULL
6 | NULL
7 | NULL
IntegrityError: UNIQUE constraint failed: t.b
1 changed
OperationalError: no query solution
2
1 | 1 | NULL | 1
2 | 1 | 2 | 3
3 | NULL | 3 | 3
4 | NULL | NULL | 4
5 | 5 | NULL | NULL
6 | 1 | 2 | 0
'ok'

