# Subqueries correlated by equalities: with few rows each is run as written, with many they look up a table made once.
a> CREATE TABLE series(value INTEGER PRIMARY KEY)
a> INSERT INTO series WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT i FROM n
a> CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER, b TEXT COLLATE NOCASE, c)
a> CREATE TABLE u(id INTEGER PRIMARY KEY, x INTEGER, y TEXT, z)
a> CREATE INDEX u_x ON u(x)
a> INSERT INTO t(a, b, c) SELECT CASE WHEN value % 7 THEN value % 10 END, char(65 + value % 40), CASE WHEN value % 3 THEN value % 5 END FROM series
a> INSERT INTO u(x, y, z) SELECT CASE WHEN value % 5 THEN value % 8 END, char(97 + value % 30), CASE WHEN value % 11 THEN value % 6 END FROM series WHERE value <= 60
---
ok
200 changed
ok
ok
ok
200 changed
60 changed

a> SELECT count(*), sum(id) FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.x = t.a)
a> SELECT count(*), sum(id) FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.x = t.a)
a> SELECT count(*), sum(id) FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.x = t.a AND u.z = t.c)
a> SELECT count(*), sum(id) FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.x = t.a AND u.z = t.c AND u.id > 20)
a> SELECT count(*), sum(id) FROM t WHERE EXISTS (SELECT 1 FROM u WHERE t.b = u.y)
a> SELECT count(*), sum(id) FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.y = t.b)
a> SELECT count(*), sum(id) FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.x = t.a LIMIT 1)
a> SELECT count(*), sum(id) FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.x = t.a LIMIT 0)
a> SELECT EXISTS (SELECT 1 FROM u WHERE u.x = t.a) AS e, NOT EXISTS (SELECT 1 FROM u WHERE u.x = t.a) AS n, count(*) FROM t GROUP BY 1, 2
---
138 | 13769
62 | 6331
59 | 5678
141 | 14422
170 | 16845
40 | 4620
138 | 13769
0 | NULL
0 | 1 | 62
1 | 0 | 138

# IN and NOT IN with NULLs on both sides.
a> SELECT c IN (SELECT z FROM u WHERE u.x = t.a) AS i, count(*), sum(id) FROM t GROUP BY 1
a> SELECT c NOT IN (SELECT z FROM u WHERE u.x = t.a AND z IS NOT NULL) AS i, count(*), sum(id) FROM t GROUP BY 1
a> SELECT count(*), sum(id) FROM t WHERE c IN (SELECT z FROM u WHERE u.x = t.a)
a> SELECT count(*), sum(id) FROM t WHERE c NOT IN (SELECT z FROM u WHERE u.x = t.a)
a> SELECT (c, b) IN (SELECT z, y FROM u WHERE u.x = t.a) AS i, count(*), sum(id) FROM t GROUP BY 1
a> SELECT (c, b) NOT IN (SELECT z, y FROM u WHERE u.x = t.a) AS i, count(*), sum(id) FROM t GROUP BY 1
---
NULL | 56 | 5692
0 | 85 | 8730
1 | 59 | 5678
NULL | 45 | 4596
0 | 59 | 5678
1 | 96 | 9826
59 | 5678
85 | 8730
NULL | 18 | 1707
0 | 169 | 17399
1 | 13 | 994
NULL | 18 | 1707
0 | 13 | 994
1 | 169 | 17399

# Aggregates: count of no rows is 0, the others NULL.
a> SELECT sum(n), min(n), max(n), sum(n IS NULL) FROM (SELECT (SELECT count(*) FROM u WHERE u.x = t.a) AS n FROM t)
a> SELECT sum(n), min(n), max(n), sum(n IS NULL) FROM (SELECT (SELECT max(z) FROM u WHERE u.x = t.a) AS n FROM t)
a> SELECT sum(n), min(n), max(n), sum(n IS NULL) FROM (SELECT (SELECT 10 + count(DISTINCT z) * 2 FROM u WHERE u.x = t.a) AS n FROM t)
a> SELECT sum(n), min(n), max(n), sum(n IS NULL) FROM (SELECT (SELECT coalesce(sum(z), -1) FROM u WHERE u.x = t.a AND u.z = t.c) AS n FROM t)
a> SELECT sum(n), min(n), max(n), sum(n IS NULL) FROM (SELECT (SELECT total(z) FROM u WHERE u.y = t.b COLLATE NOCASE) AS n FROM t)
a> SELECT count(*), sum(id) FROM t WHERE c < (SELECT avg(z) FROM u WHERE u.x = t.a)
a> SELECT count(DISTINCT n), sum(n IS NULL) FROM (SELECT (SELECT y FROM u WHERE u.id = t.id) AS n FROM t)
a> SELECT count(*), sum(id) FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.x = t.a AND EXISTS (SELECT 1 FROM t s WHERE s.a = u.z AND s.c IS NOT NULL))
---
829 | 0 | 7 | 0
621 | 4 | 5 | 62
2794 | 10 | 16 | 0
179 | -1 | 12 | 0
680.0 | 0.0 | 10.0 | 0
58 | 5847
30 | 140
138 | 13769

# An inner row that nobody asks for may hold what cannot be computed.
a> CREATE TABLE j(k INTEGER, doc TEXT)
a> CREATE INDEX j_k ON j(k)
a> INSERT INTO j SELECT value % 10, '{"v": ' || value || '}' FROM series WHERE value <= 50
a> INSERT INTO j VALUES (99, 'not JSON')
a> SELECT sum(n) FROM (SELECT (SELECT sum(json_extract(doc, '$.v')) FROM j WHERE j.k = t.a) AS n FROM t)
a> SELECT count(*) FROM t WHERE 46 IN (SELECT json_extract(doc, '$.v') FROM j WHERE j.k = t.a)
a> INSERT INTO t(a) VALUES (99)
a> SELECT sum(n) FROM (SELECT (SELECT sum(json_extract(doc, '$.v')) FROM j WHERE j.k = t.a) AS n FROM t)
---
ok
ok
50 changed
1 changed
21940
17
1 changed
OperationalError: malformed JSON

# In statements that write, the subquery sees the tables as they were at the beginning.
a> UPDATE t SET c = (SELECT count(*) FROM u WHERE u.x = t.a) WHERE id <= 150
a> DELETE FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.x = t.a)
a> INSERT INTO t(a, b) SELECT x, y FROM u WHERE NOT EXISTS (SELECT 1 FROM t WHERE t.a = u.x AND t.b = u.y)
a> SELECT count(*), sum(id), sum(a), sum(c) FROM t
---
150 changed
63 changed
48 changed
186 | 24545 | 593 | 657
