# The alias of a join in parentheses qualifies its columns; of two of one name it means the first. The tables' names stay known.
a> CREATE TABLE x(a, b)
a> CREATE TABLE z(c, a)
a> CREATE TABLE w(d, e)
a> INSERT INTO x VALUES (1, 2)
a> INSERT INTO z VALUES (3, 4)
a> INSERT INTO w VALUES (5, 6)
a> SELECT y.a, y.c, x.a, z.a FROM (x JOIN z) AS y
a> [names] SELECT Y.B + y.c FROM (x JOIN z) AS 'y' WHERE y.b = 2 GROUP BY y.b ORDER BY y.c
a> SELECT (SELECT y.b), y.rowid FROM (x, z, w) y
a> SELECT y.* FROM (x JOIN z) AS y
a> SELECT rowid FROM (x JOIN z) AS y
a> SELECT main.y.b FROM (x JOIN z) AS y
a> SELECT main.x.b FROM (x JOIN z) AS y
a> SELECT y.nope FROM (x JOIN z) AS y
a> SELECT z.b, z.a FROM (x JOIN z) AS z
a> SELECT z.c FROM (x JOIN z) AS z, z
a> SELECT k.a, y.a, y.b FROM (x, z) AS y, (z, w) AS k
a> SELECT a FROM (x, z) AS y, w
---
ok
ok
ok
1 changed
1 changed
1 changed
1 | 3 | 1 | 4
Y.B + y.c
5
2 | NULL
OperationalError: no such table: y
OperationalError: no such column: rowid
OperationalError: no such column: main.y.b
2
OperationalError: no such column: y.nope
2 | 4
OperationalError: ambiguous column name: z.c
4 | 1 | 2
OperationalError: ambiguous column name: a

# USING makes one column of two; outer joins; ON sees the alias too.
a> SELECT y.a, y.b, y.c FROM (x LEFT JOIN z USING (a)) AS y
a> SELECT y.a, y.b, y.c FROM (x FULL JOIN z USING (a)) AS y ORDER BY 1
a> SELECT y.d, y.a FROM x LEFT JOIN (z LEFT JOIN w) AS y ON x.a = y.c - 2
a> SELECT y.d, a FROM x RIGHT JOIN (z LEFT JOIN w) AS y USING (a)
a> SELECT y.d, a FROM x FULL JOIN (z LEFT JOIN w) AS y USING (a) ORDER BY 2
a> SELECT y.value, y.c FROM (json_each('[1,2]') JOIN z) AS y
a> SELECT y.json FROM (json_each('[1,2]') JOIN z) AS y
---
1 | 2 | NULL
1 | 2 | NULL
4 | NULL | 3
5 | 4
5 | 4
NULL | 1
5 | 4
1 | 3
2 | 3
OperationalError: no such column: y.json

# Nested: the outer alias counts, in place of that of a single table or join.
a> SELECT q.d, q.b, x.a FROM ((x JOIN z) AS y, w) AS q
a> SELECT y.b FROM ((x JOIN z) AS y, w) AS q
a> SELECT y.b FROM ((x JOIN z) AS y JOIN w ON y.b < w.d)
a> SELECT q.b FROM ((x JOIN z) AS y JOIN w ON y.b < w.d) AS q
a> SELECT q.a FROM ((x JOIN z) AS y) AS q
a> SELECT y.a FROM ((x JOIN z) AS y) AS q
a> SELECT y.a FROM ((x JOIN z) AS y)
a> SELECT y.a, y.rowid FROM (x AS k) AS y
a> SELECT k.a FROM (x AS k) AS y
a> SELECT k.a FROM (x AS k)
a> SELECT y.a FROM ((SELECT 1 AS a) AS k) AS y
a> SELECT y.a FROM (x AS k NOT INDEXED) AS y
a> SELECT y.a FROM (x NOT INDEXED) AS y
---
5 | 2 | 1
OperationalError: no such column: y.b
2
2
1
OperationalError: no such column: y.a
1
1 | 1
OperationalError: no such column: k.a
1
1
1
1

# In views.
a> CREATE VIEW v AS SELECT y.b, y.c FROM (x JOIN z) AS y WHERE y.a = 1
a> [names] SELECT * FROM v
---
ok
b, c
2 | 3
