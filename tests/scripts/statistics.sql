# ANALYZE fills sqlite_stat1, which is a table like others to readers; DROP takes its rows along.
a> CREATE TABLE t(a, b, c)
a> CREATE INDEX i ON t(a, b)
a> CREATE UNIQUE INDEX u ON t(c)
a> CREATE INDEX p ON t(b) WHERE a > 1
a> CREATE TABLE empty(x)
a> CREATE TABLE plain(x)
a> INSERT INTO plain VALUES (1), (2)
a> CREATE TABLE partial(x)
a> CREATE INDEX px ON partial(x) WHERE x > 1
a> INSERT INTO partial VALUES (1), (2)
a> CREATE TABLE w(a, b, PRIMARY KEY (a, b)) WITHOUT ROWID
a> INSERT INTO w VALUES (1, 1), (1, 2), (2, 1)
a> CREATE TABLE e(a)
a> CREATE INDEX ea ON e(a || '')
a> INSERT INTO e VALUES (NULL), (NULL), (1)
a> INSERT INTO t SELECT i % 3, i % 10, i FROM (WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 100) SELECT i FROM r)
a> ANALYZE
a> SELECT * FROM sqlite_stat1 ORDER BY tbl, idx
a> SELECT sql FROM sqlite_schema WHERE name = 'sqlite_stat1'
a> DELETE FROM t WHERE c > 10
a> ANALYZE main.t
a> ANALYZE u
a> SELECT * FROM sqlite_stat1 WHERE tbl = 't' ORDER BY idx
a> ANALYZE nope
a> ANALYZE main.nope
a> ANALYZE t t
a> ANALYZE main
a> DROP INDEX u
a> SELECT * FROM sqlite_stat1 ORDER BY tbl, idx
a> DROP TABLE t
a> DROP TABLE w
a> SELECT * FROM sqlite_stat1 ORDER BY tbl, idx
a> BEGIN
a> DELETE FROM sqlite_stat1
a> ANALYZE e
a> SELECT * FROM sqlite_stat1
a> ROLLBACK
a> SELECT count(*) FROM sqlite_stat1
a> DROP TABLE sqlite_stat1
a> CREATE TABLE sqlite_stat1(a)
---
ok
ok
ok
ok
ok
ok
2 changed
ok
ok
2 changed
ok
3 changed
ok
ok
3 changed
100 changed
ok
'e' | 'ea' | '3 2'
'partial' | NULL | '2'
'partial' | 'px' | '1 1'
'plain' | NULL | '2'
't' | 'i' | '100 34 4'
't' | 'p' | '33 4'
't' | 'u' | '100 1'
'w' | 'w' | '3 2 1'
'CREATE TABLE sqlite_stat1(tbl,idx,stat)'
90 changed
ok
ok
't' | 'i' | '10 4 1'
't' | 'p' | '3 1'
't' | 'u' | '10 1'
OperationalError: no such table: nope
OperationalError: no such table: main.nope
OperationalError: near "t": syntax error
ok
ok
'e' | 'ea' | '3 2'
'partial' | NULL | '2'
'partial' | 'px' | '1 1'
'plain' | NULL | '2'
't' | 'i' | '10 4 1'
't' | 'p' | '3 1'
'w' | 'w' | '3 2 1'
ok
ok
'e' | 'ea' | '3 2'
'partial' | NULL | '2'
'partial' | 'px' | '1 1'
'plain' | NULL | '2'
ok
4 changed
ok
'e' | 'ea' | '3 2'
ok
4
ok
OperationalError: object name reserved for internal use: sqlite_stat1

a> REINDEX
a> REINDEX ea
a> REINDEX main.e
a> REINDEX NOCASE
a> REINDEX nope
a> REINDEX main.nocase
a> PRAGMA integrity_check
---
ok
ok
ok
ok
OperationalError: unable to identify the object to be reindexed
OperationalError: unable to identify the object to be reindexed
'ok'

# ANALYZE of the schema makes the table and counts nothing, as at the head of a dump.
a> CREATE TABLE dumped(x)
a> CREATE INDEX dumped_x ON dumped(x)
a> INSERT INTO dumped VALUES (1), (2)
a> DELETE FROM sqlite_stat1
a> ANALYZE sqlite_master
a> ANALYZE "main"."sqlite_schema"
a> SELECT count(*) FROM sqlite_stat1
a> INSERT INTO sqlite_stat1 VALUES ('dumped', 'dumped_x', '2 1')
a> ANALYZE sqlite_master
a> SELECT * FROM sqlite_stat1
---
ok
ok
2 changed
OperationalError: no such table: sqlite_stat1
ok
ok
0
1 changed
ok
'dumped' | 'dumped_x' | '2 1'
