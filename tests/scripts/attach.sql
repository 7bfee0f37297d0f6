# ATTACH and DETACH: names and their errors.
a> ATTACH ':memory:' AS b
a> ATTACH ':memory:' AS B
a> ATTACH DATABASE ':memory:' AS 'c' || 'd'
a> ATTACH ':memory:' AS main
a> ATTACH ':memory:' AS temp
a> ATTACH '/nonexistent/folder/file' AS e
a> ATTACH x.y AS e
a> ATTACH ':memory:'
a> DETACH nope
a> DETACH main
a> DETACH DATABASE cd
a> SELECT * FROM cd.sqlite_master
a> CREATE TABLE cd.t(a)
a> CREATE INDEX cd.i ON t(a)
a> CREATE VIEW cd.v AS SELECT 1
a> DROP TABLE cd.t
a> DROP TABLE IF EXISTS cd.t
a> DROP INDEX cd.i
a> ALTER TABLE cd.t ADD x
a> INSERT INTO cd.t VALUES (1)
a> PRAGMA cd.user_version
a> ANALYZE cd.t
a> CREATE TABLE t(a)
a> CREATE TABLE b.t(a INTEGER PRIMARY KEY, x)
a> CREATE TABLE b.u(id INTEGER PRIMARY KEY, x)
a> CREATE TABLE b.u(x)
a> INSERT INTO t VALUES ('main')
a> INSERT INTO b.t VALUES (1, 'b')
a> INSERT INTO u(x) VALUES (1), (2)
a> SELECT * FROM t
a> SELECT b.t.x, t.a FROM b.t
a> SELECT main.t.a, b.t.x, u.id FROM t, b.t, u
a> SELECT b.u.x FROM main.u
a> CREATE INDEX ui ON u(x)
a> CREATE INDEX b.ui ON u(x)
a> CREATE INDEX b.ui ON u(x)
a> CREATE INDEX IF NOT EXISTS b.ui ON u(x)
a> SELECT * FROM u WHERE x = 2
a> PRAGMA index_info(ui)
a> PRAGMA table_info(u)
a> CREATE VIEW b.v AS SELECT * FROM t
a> CREATE VIEW b.w AS SELECT * FROM main.t
a> CREATE VIEW nope AS SELECT * FROM u
a> SELECT * FROM v
a> SELECT * FROM nope
a> PRAGMA b.user_version = 12
a> PRAGMA b.user_version
a> PRAGMA user_version
a> SELECT m.name, p.name FROM b.sqlite_master m, pragma_table_info(m.name, 'b') p WHERE m.type = 'table'
a> UPDATE b.t SET x = b.t.x || t.x WHERE t.a = 1
a> DELETE FROM u WHERE id = (SELECT a FROM b.t)
a> SELECT x, (SELECT count(*) FROM u) FROM b.t
a> CREATE TABLE b.copy AS SELECT t.a, u.* FROM main.t, u
a> SELECT * FROM copy
a> CREATE TABLE copy AS SELECT * FROM b.copy
a> SELECT sql FROM main.sqlite_master WHERE name = 'copy'
a> CREATE TABLE b.seq(id INTEGER PRIMARY KEY AUTOINCREMENT, v)
a> INSERT INTO seq(v) VALUES ('x')
a> SELECT * FROM b.sqlite_sequence
a> SELECT * FROM sqlite_sequence
a> ANALYZE b
a> SELECT tbl, idx FROM b.sqlite_stat1 ORDER BY 1
a> REINDEX b.ui
a> PRAGMA integrity_check
a> DROP VIEW v
a> DROP TABLE copy
a> DROP TABLE copy
a> DROP TABLE copy
---
ok
OperationalError: database B is already in use
ok
OperationalError: database main is already in use
OperationalError: database temp is already in use
OperationalError: unable to open database: /nonexistent/folder/file
OperationalError: no such column: x.y
OperationalError: incomplete input
OperationalError: no such database: nope
OperationalError: cannot detach database main
ok
OperationalError: no such table: cd.sqlite_master
OperationalError: unknown database cd
OperationalError: unknown database cd
OperationalError: unknown database cd
OperationalError: no such table: cd.t
ok
OperationalError: no such index: cd.i
OperationalError: no such table: cd.t
OperationalError: no such table: cd.t
OperationalError: unknown database cd
OperationalError: unknown database cd
ok
ok
ok
OperationalError: table u already exists
1 changed
1 changed
2 changed
'main'
'b' | 1
'main' | 'b' | 1
'main' | 'b' | 2
OperationalError: no such table: main.u
OperationalError: no such table: main.u
ok
OperationalError: index ui already exists
ok
2 | 2
0 | 1 | 'x'
0 | 'id' | 'INTEGER' | 0 | NULL | 1
1 | 'x' | '' | 0 | NULL | 0
ok
OperationalError: view w cannot reference objects in database main
ok
1 | 'b'
OperationalError: no such table: main.u
ok
12
0
't' | 'a'
't' | 'x'
'u' | 'id'
'u' | 'x'
1 changed
1 changed
'bb' | 1
ok
'main' | 2 | 2
ok
'CREATE TABLE copy(a,id INT,x)'
ok
1 changed
'seq' | 1
'seq' | 1
ok
'copy' | NULL
'seq' | NULL
't' | NULL
'u' | 'ui'
ok
'ok'
ok
ok
ok
OperationalError: no such table: copy

# A transaction covers all of them. What it has used stays attached.
c> ATTACH ':memory:' AS x
c> ATTACH ':memory:' AS y
c> ATTACH ':memory:' AS z
c> CREATE TABLE x.p(a INTEGER PRIMARY KEY, b UNIQUE)
c> CREATE TABLE y.q(a)
c> BEGIN
c> INSERT INTO p VALUES (1, 1)
c> INSERT INTO q SELECT a FROM p
c> INSERT INTO p VALUES (2, 2), (3, 1)
c> SELECT * FROM p, q
c> DETACH x
c> DETACH z
c> ATTACH ':memory:' AS z
c> CREATE TABLE z.r(a)
c> SAVEPOINT s
c> INSERT INTO r VALUES (1)
c> DELETE FROM p
c> ROLLBACK TO s
c> SELECT (SELECT count(*) FROM p), (SELECT count(*) FROM r)
c> COMMIT
c> SELECT * FROM p, q
c> BEGIN
c> DELETE FROM p
c> DELETE FROM q
c> DROP TABLE z.r
c> ROLLBACK
c> SELECT * FROM p, q
c> SELECT * FROM r
c> DETACH x
c> SELECT * FROM p
---
ok
ok
ok
ok
ok
ok
1 changed
1 changed
IntegrityError: UNIQUE constraint failed: p.b
1 | 1 | 1
OperationalError: database x is locked
ok
ok
ok
ok
1 changed
1 changed
ok
1 | 0
ok
1 | 1 | 1
ok
1 changed
1 changed
ok
ok
1 | 1 | 1
(no rows)
ok
OperationalError: no such table: p

# Foreign keys and triggers live within one database.
d> ATTACH ':memory:' AS f
d> PRAGMA foreign_keys = ON
d> CREATE TABLE f.parent(id INTEGER PRIMARY KEY, v)
d> CREATE TABLE f.child(p REFERENCES parent ON DELETE CASCADE)
d> CREATE TABLE f.log(what)
d> CREATE TRIGGER f.gone AFTER DELETE ON child BEGIN INSERT INTO log VALUES ('gone ' || old.p); END
d> CREATE TRIGGER bad AFTER DELETE ON f.child BEGIN SELECT 1; END
d> INSERT INTO child VALUES (1)
d> INSERT INTO parent VALUES (1, 'x'), (2, 'y')
d> INSERT INTO child VALUES (1), (2), (2)
d> DELETE FROM parent WHERE id = 2
d> SELECT (SELECT group_concat(p) FROM child), (SELECT group_concat(what) FROM log)
d> PRAGMA f.foreign_key_list(child)
d> PRAGMA foreign_key_check
d> DROP TRIGGER gone
d> CREATE TEMP TABLE tp(id INTEGER PRIMARY KEY)
d> CREATE TEMP TABLE tc(p REFERENCES tp DEFERRABLE INITIALLY DEFERRED)
d> BEGIN
d> INSERT INTO tc VALUES (5)
d> COMMIT
d> INSERT INTO tp VALUES (5)
d> COMMIT
d> DROP TABLE tp
---
ok
ok
ok
ok
ok
ok
OperationalError: trigger bad cannot reference objects in database f
IntegrityError: FOREIGN KEY constraint failed
2 changed
3 changed
1 changed
'1' | 'gone 2,gone 2'
0 | 0 | 'parent' | 'p' | NULL | 'NO ACTION' | 'CASCADE' | 'NONE'
(no rows)
ok
ok
ok
ok
1 changed
IntegrityError: FOREIGN KEY constraint failed
1 changed
ok
IntegrityError: FOREIGN KEY constraint failed

# Ten at most.
e> ATTACH ':memory:' AS a0
e> ATTACH ':memory:' AS a1
e> ATTACH ':memory:' AS a2
e> ATTACH ':memory:' AS a3
e> ATTACH ':memory:' AS a4
e> ATTACH ':memory:' AS a5
e> ATTACH ':memory:' AS a6
e> ATTACH ':memory:' AS a7
e> ATTACH ':memory:' AS a8
e> ATTACH '' AS a9
e> ATTACH ':memory:' AS a10
e> DETACH a3
e> ATTACH ':memory:' AS a10
e> CREATE TABLE a10.t(a)
e> SELECT name FROM a10.sqlite_master
---
ok
ok
ok
ok
ok
ok
ok
ok
ok
ok
OperationalError: too many attached databases - max 10
ok
ok
ok
't'
