# IN lists on several columns of an index, in any place, with equality and ranges around them.

a> CREATE TABLE t(id INTEGER PRIMARY KEY, a, b TEXT COLLATE NOCASE, c REAL, d)
a> CREATE INDEX t_abcd ON t(a, b DESC, c, d)
a> CREATE INDEX t_dc ON t(d, c)
a> INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) SELECT i, nullif(i % 7, 6), char(65 + i % 5 + 32 * (i % 2)), i % 11, i % 3 FROM n
a> ANALYZE
a> SELECT count(*), min(id), max(id) FROM t WHERE a IN (1, 2) AND b = 'c'
a> SELECT id FROM t WHERE a IN (3, 1, '1', 1.0, NULL, 99) AND b = 'B' AND c IN (4, 7.0, '5') ORDER BY id LIMIT 5
a> SELECT id, a, b, c FROM t WHERE a = 4 AND b IN ('a', 'A', 'E') AND c = 3 ORDER BY b, id LIMIT 6
a> SELECT a, b, c, id FROM t WHERE a IN (5, 0) AND b IN ('d', 'b') AND c IN (1, 2) AND d = 2 ORDER BY a, b DESC, c, id
a> SELECT a, b, c, id FROM t WHERE a IN (5, 0) AND b IN ('d', 'b') AND c IN (1, 2) AND d = 2 ORDER BY a DESC, b, c DESC, id DESC
a> SELECT count(*) FROM t WHERE a IS NULL AND b IN ('a', 'b') AND c > 4
a> SELECT count(*) FROM t WHERE a IN (1, 2, 3) AND b IN ('a', 'b') AND c BETWEEN 3 AND 4.5
a> SELECT count(*) FROM t WHERE a IN () AND b IN ('a') OR d IN (1, 2) AND c IN (3, 4)
a> SELECT a, count(*) FROM t WHERE a IN (2, 0) AND b = 'e' AND d IN (0, 1) GROUP BY a ORDER BY a DESC
a> SELECT count(*) FROM (VALUES (1), (2)) AS v JOIN t ON t.a IN (v.column1, v.column1 + 2) AND t.b = 'a' AND t.c IN (1, v.column1)
a> SELECT count(*) FROM t AS x LEFT JOIN t AS y ON y.a IN (x.a, 1) AND y.b = x.b AND y.c IN (2, 3) AND y.d = 0 WHERE x.id < 10
a> UPDATE t SET d = 5 WHERE a IN (1, 2) AND b = 'a' AND c IN (0, 1)
a> DELETE FROM t WHERE d IN (5, 6) AND c IN (1, 2)
a> SELECT count(*), sum(id) FROM t
---
ok
ok
ok
2000 changed
ok
115 | 2 | 1997
71
106
136
246
346
25 | 4 | 'a' | 3.0
410 | 4 | 'A' | 3.0
795 | 4 | 'a' | 3.0
1180 | 4 | 'A' | 3.0
1565 | 4 | 'a' | 3.0
1950 | 4 | 'A' | 3.0
0 | 'D' | 1.0 | 518
0 | 'd' | 1.0 | 1673
0 | 'D' | 2.0 | 728
0 | 'd' | 2.0 | 1883
0 | 'B' | 1.0 | 56
0 | 'b' | 1.0 | 1211
0 | 'B' | 2.0 | 266
0 | 'b' | 2.0 | 1421
5 | 'd' | 1.0 | 1013
5 | 'D' | 2.0 | 68
5 | 'd' | 2.0 | 1223
5 | 'b' | 1.0 | 551
5 | 'B' | 1.0 | 1706
5 | 'b' | 2.0 | 761
5 | 'B' | 2.0 | 1916
5 | 'B' | 2.0 | 1916
5 | 'b' | 2.0 | 761
5 | 'B' | 1.0 | 1706
5 | 'b' | 1.0 | 551
5 | 'd' | 2.0 | 1223
5 | 'D' | 2.0 | 68
5 | 'd' | 1.0 | 1013
0 | 'b' | 2.0 | 1421
0 | 'B' | 2.0 | 266
0 | 'b' | 1.0 | 1211
0 | 'B' | 1.0 | 56
0 | 'd' | 2.0 | 1883
0 | 'D' | 2.0 | 728
0 | 'd' | 1.0 | 1673
0 | 'D' | 1.0 | 518
63
62
242
2 | 38
0 | 38
31
50
20 changed
10 changed
1990 | 1992025

# Subqueries as lists.
a> CREATE TABLE u(x, y TEXT COLLATE NOCASE, z REAL)
a> INSERT INTO u VALUES (1, 'c', 3), (2, 'D', 4), ('1', 'c', 1.0), (NULL, 'e', NULL), (4.0, 'a', 2)
a> SELECT count(*), sum(id) FROM t WHERE a IN (SELECT x FROM u) AND b = 'c' AND c IN (SELECT z FROM u WHERE y < 'd')
a> SELECT a, b, c, id FROM t WHERE a = 4 AND b IN (SELECT y FROM u) AND c IN (1, 2) AND d IN (SELECT x FROM u) ORDER BY a, b DESC, c, id LIMIT 8
a> SELECT a, b, c, id FROM t WHERE a = 4 AND b IN (SELECT y FROM u) AND c IN (1, 2) AND d IN (SELECT x FROM u) ORDER BY a DESC, b, c DESC, id DESC LIMIT 8
a> SELECT count(*) FROM t WHERE a IN (VALUES (1), (3)) AND b IN ('a', 'b') OR d IN (SELECT x FROM u WHERE y = 'd') AND c = 4
a> SELECT x, count(t.id) FROM u LEFT JOIN t ON t.a IN (SELECT v.x FROM u AS v WHERE v.z = u.z) AND t.b = u.y GROUP BY x ORDER BY x
a> UPDATE t SET d = 9 WHERE a IN (SELECT x FROM u WHERE z = 4) AND b = 'd'
a> DELETE FROM t WHERE d IN (SELECT 9) AND c IN (SELECT z FROM u)
a> SELECT count(*), sum(id) FROM t
---
ok
5 changed
48 | 47516
4 | 'e' | 1.0 | 529
4 | 'E' | 1.0 | 914
4 | 'E' | 1.0 | 1684
4 | 'e' | 2.0 | 739
4 | 'E' | 2.0 | 1124
4 | 'E' | 2.0 | 1894
4 | 'D' | 1.0 | 298
4 | 'd' | 1.0 | 683
4 | 'a' | 2.0 | 1355
4 | 'A' | 2.0 | 970
4 | 'A' | 2.0 | 200
4 | 'a' | 1.0 | 1915
4 | 'a' | 1.0 | 1145
4 | 'A' | 1.0 | 760
4 | 'c' | 2.0 | 1817
4 | 'C' | 2.0 | 1432
277
NULL | 0
1 | 57
2 | 57
4.0 | 57
'1' | 0
57 changed
22 changed
1968 | 1969784

# DISTINCT under a collation leaves out what IN may tell apart.
a> CREATE TABLE w(p, q)
a> INSERT INTO w VALUES ('C', 1), ('c', 2), ('d', 3), ('D', 4), (2, 5), ('2.0', 6), ('2', 7)
a> SELECT q FROM w WHERE p IN (SELECT DISTINCT y FROM u)
a> SELECT q FROM w WHERE p IN (SELECT y FROM u)
a> SELECT q FROM w WHERE p COLLATE NOCASE IN (SELECT DISTINCT y FROM u)
a> SELECT q FROM w WHERE p NOT IN (SELECT DISTINCT y FROM u)
a> SELECT q FROM w WHERE CAST(p AS TEXT) IN (SELECT DISTINCT x FROM (SELECT 2.0 AS x UNION ALL SELECT 2))
a> SELECT q FROM w WHERE p IN (SELECT DISTINCT y FROM u WHERE u.y = w.p)
a> SELECT q FROM w WHERE q IN (SELECT DISTINCT z FROM u WHERE u.y = w.p)
---
ok
7 changed
2
4
2
4
1
2
3
4
1
3
5
6
7
6
2
4
1
4

