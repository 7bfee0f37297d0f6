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

