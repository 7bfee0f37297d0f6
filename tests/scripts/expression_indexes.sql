# Indexes on expressions: kept with every change, enforced where UNIQUE.
a> CREATE TABLE t(id INTEGER PRIMARY KEY, a, b TEXT)
a> INSERT INTO t(a, b) VALUES (1, 'x'), (2, 'Y'), (NULL, NULL), (NULL, NULL)
a> CREATE INDEX i ON t(a + 1, length(b) DESC)
a> CREATE UNIQUE INDEX u ON t(lower(b))
a> INSERT INTO t(a, b) VALUES (3, 'X')
a> INSERT OR IGNORE INTO t(a, b) VALUES (3, 'X'), (4, 'z')
a> INSERT OR REPLACE INTO t(a, b) VALUES (5, 'Z')
a> UPDATE t SET b = 'y' WHERE a = 1
a> UPDATE t SET b = upper(b) || '!', a = a * 2 WHERE a < 3
a> SELECT * FROM t ORDER BY id
a> SELECT id FROM t WHERE lower(b) = 'x!' OR a + 1 = 6 ORDER BY id
a> DELETE FROM t WHERE a = 4
a> CREATE UNIQUE INDEX u2 ON t(a IS NULL)
a> CREATE INDEX c ON t((b), b COLLATE nocase, ((id)), b || '' COLLATE rtrim) WHERE a > 0
a> PRAGMA index_info(i)
a> PRAGMA index_xinfo(i)
a> PRAGMA index_xinfo(c)
a> PRAGMA integrity_check
---
ok
4 changed
ok
ok
IntegrityError: UNIQUE constraint failed: index 'u'
1 changed
1 changed
IntegrityError: UNIQUE constraint failed: index 'u'
2 changed
1 | 2 | 'X!'
2 | 4 | 'Y!'
3 | NULL | NULL
4 | NULL | NULL
6 | 5 | 'Z'
1
6
1 changed
IntegrityError: UNIQUE constraint failed: index 'u2'
ok
0 | -2 | NULL
1 | -2 | NULL
0 | -2 | NULL | 0 | 'BINARY' | 1
1 | -2 | NULL | 1 | 'BINARY' | 1
2 | -1 | NULL | 0 | 'BINARY' | 0
0 | 2 | 'b' | 0 | 'BINARY' | 1
1 | 2 | 'b' | 0 | 'nocase' | 1
2 | 0 | 'id' | 0 | 'BINARY' | 1
3 | -2 | NULL | 0 | 'BINARY' | 1
4 | -1 | NULL | 0 | 'BINARY' | 0
'ok'

# What is refused.
a> CREATE INDEX j ON t(random())
a> CREATE INDEX j ON t(current_date)
a> CREATE INDEX j ON t(count(*))
a> CREATE INDEX j ON t((SELECT 1))
a> CREATE INDEX j ON t(nope + 1)
a> CREATE INDEX j ON t(nope)
a> CREATE INDEX j ON t(t.a + 1)
a> CREATE INDEX j ON t(rowid + 1)
a> CREATE TABLE x(a, UNIQUE (a + 1))
a> CREATE TABLE x(a, PRIMARY KEY (a + 1))
a> SELECT sql FROM sqlite_schema WHERE sql NOT NULL
---
OperationalError: non-deterministic functions prohibited in index expressions
OperationalError: non-deterministic functions prohibited in index expressions
OperationalError: misuse of aggregate function count()
OperationalError: subqueries prohibited in index expressions
OperationalError: no such column: nope
OperationalError: no such column: nope
OperationalError: the "." operator prohibited in index expressions
OperationalError: no such column: rowid
OperationalError: expressions prohibited in PRIMARY KEY and UNIQUE constraints
OperationalError: expressions prohibited in PRIMARY KEY and UNIQUE constraints
'CREATE TABLE t(id INTEGER PRIMARY KEY, a, b TEXT)'
'CREATE INDEX i ON t(a + 1, length(b) DESC)'
'CREATE UNIQUE INDEX u ON t(lower(b))'
"CREATE INDEX c ON t((b), b COLLATE nocase, ((id)), b || '' COLLATE rtrim) WHERE a > 0"

# Renaming and dropping columns.
a> ALTER TABLE t RENAME b TO name
a> ALTER TABLE t RENAME TO t2
a> SELECT sql FROM sqlite_schema WHERE sql NOT NULL
a> ALTER TABLE t2 DROP a
a> DROP INDEX i
a> DROP INDEX c
a> ALTER TABLE t2 DROP a
a> INSERT INTO t2(name) VALUES ('NEW'), ('new')
a> INSERT INTO t2(name) VALUES ('NEW')
a> SELECT * FROM t2 ORDER BY id
a> PRAGMA integrity_check
---
ok
ok
'CREATE TABLE "t2"(id INTEGER PRIMARY KEY, a, name TEXT)'
'CREATE INDEX i ON "t2"(a + 1, length(name) DESC)'
'CREATE UNIQUE INDEX u ON "t2"(lower(name))'
'CREATE INDEX c ON "t2"((name), name COLLATE nocase, ((id)), name || \'\' COLLATE rtrim) WHERE a > 0'
OperationalError: error in index i after drop column: no such column: a
ok
ok
ok
IntegrityError: UNIQUE constraint failed: index 'u'
1 changed
1 | 'X!'
3 | NULL
4 | NULL
6 | 'Z'
7 | 'NEW'
'ok'

# Reading: conditions, order, extremes, and without the table where the entries hold all.
a> DROP TABLE t2
a> CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT, doc TEXT, n INT)
a> INSERT INTO people WITH RECURSIVE s(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM s WHERE v < 3000) SELECT v, char(65 + v % 26) || v, '{"k":' || (v % 500) || ',"s":"x' || v || '"}', v % 97 FROM s
a> CREATE INDEX p1 ON people(lower(name))
a> CREATE INDEX p2 ON people(json_extract(doc, '$.k'), n)
a> CREATE INDEX p3 ON people(doc ->> '$.s') WHERE n > 90
a> CREATE INDEX p4 ON people(n * 2 DESC)
a> ANALYZE
a> [plan] SELECT name FROM people WHERE lower(name) = 'b27'
a> [plan] SELECT lower(name) FROM people ORDER BY lower(name) LIMIT 2
a> [plan] SELECT name FROM people WHERE lower(name) IN ('a26', 'none', 'c28') ORDER BY id
a> [plan] SELECT max(lower(name)) FROM people
a> [plan] SELECT count(*) FROM people WHERE json_extract(doc, '$.k') = 7
a> [plan] SELECT id FROM people WHERE json_extract(doc, '$.k') = 7 AND n = 7
a> [plan] SELECT id FROM people WHERE json_extract(doc, '$.other') = 7
a> [plan] SELECT id FROM people WHERE doc ->> '$.s' = 'x94' AND n > 90
a> [plan] SELECT n * 2 FROM people ORDER BY n * 2 DESC LIMIT 1
a> [plan] SELECT id FROM (SELECT lower(name) AS l, id FROM people) WHERE l = 'b27'
a> UPDATE people SET name = upper(name) || 'x' WHERE lower(name) = 'b27'
a> SELECT name FROM people WHERE lower(name) >= 'b27' ORDER BY lower(name) LIMIT 2
a> DELETE FROM people WHERE n * 2 = 192
a> PRAGMA integrity_check
---
ok
ok
3000 changed
ok
ok
ok
ok
ok
plan SEARCH people USING INDEX p1 (<expr>=?)
'B27'
plan SCAN people USING COVERING INDEX p1
'a1014'
'a104'
plan SEARCH people USING INDEX p1 (<expr>=?)
plan USE TEMP B-TREE FOR ORDER BY
'A26'
'C28'
plan SEARCH people USING COVERING INDEX p1
'z987'
plan SEARCH people USING COVERING INDEX p2 (<expr>=?)
6
plan SEARCH people USING COVERING INDEX p2 (<expr>=? AND n=?)
7
plan SCAN people
(no rows)
plan SEARCH people USING INDEX p3 (<expr>=?)
94
plan SCAN people USING COVERING INDEX p4
192
plan SEARCH people USING COVERING INDEX p1 (<expr>=?)
27
1 changed
'B2705'
'B2731'
30 changed
'ok'
