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

