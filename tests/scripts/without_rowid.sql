# WITHOUT ROWID: rows come in the order of the PRIMARY KEY, there is no rowid, and no NULL in the key.
a> CREATE TABLE w(a PRIMARY KEY, b, c UNIQUE) WITHOUT ROWID
a> INSERT INTO w VALUES (3, 1, 1), (1, 2, 2), ('x', 3, 3)
a> SELECT * FROM w
a> SELECT b FROM w LIMIT 1
a> SELECT last_insert_rowid()
a> SELECT rowid FROM w
a> SELECT * FROM w WHERE oid = 1
a> INSERT INTO w(rowid, a) VALUES (1, 1)
a> INSERT INTO w VALUES (1, 1, 9)
a> INSERT INTO w VALUES (NULL, 1, 9)
a> INSERT INTO w(b) VALUES (1)
a> INSERT INTO w VALUES (9, 1, 1)
a> REPLACE INTO w VALUES (3, 5, 5), (9, 9, 2)
a> SELECT * FROM w
a> UPDATE w SET a = a + 100 WHERE b > 4
a> UPDATE w SET a = 103 WHERE a = 109
a> UPDATE OR REPLACE w SET a = 103 WHERE a = 109
a> SELECT * FROM w ORDER BY a DESC
a> DELETE FROM w WHERE a = 103
a> SELECT * FROM w
a> PRAGMA table_info(w)
a> PRAGMA index_list(w)
a> PRAGMA index_xinfo(sqlite_autoindex_w_1)
a> PRAGMA index_xinfo(sqlite_autoindex_w_2)
a> PRAGMA table_list(w)
a> SELECT type, name, tbl_name, sql FROM sqlite_schema
---
ok
3 changed
1 | 2 | 2
3 | 1 | 1
'x' | 3 | 3
2
0
OperationalError: no such column: rowid
OperationalError: no such column: oid
OperationalError: table w has no column named rowid
IntegrityError: UNIQUE constraint failed: w.a
IntegrityError: NOT NULL constraint failed: w.a
IntegrityError: NOT NULL constraint failed: w.a
IntegrityError: UNIQUE constraint failed: w.c
2 changed
3 | 5 | 5
9 | 9 | 2
'x' | 3 | 3
2 changed
IntegrityError: UNIQUE constraint failed: w.a
1 changed
'x' | 3 | 3
103 | 9 | 2
1 changed
'x' | 3 | 3
0 | 'a' | '' | 1 | NULL | 1
1 | 'b' | '' | 0 | NULL | 0
2 | 'c' | '' | 0 | NULL | 0
0 | 'sqlite_autoindex_w_2' | 1 | 'u' | 0
1 | 'sqlite_autoindex_w_1' | 1 | 'pk' | 0
0 | 0 | 'a' | 0 | 'BINARY' | 1
1 | 1 | 'b' | 0 | 'BINARY' | 0
2 | 2 | 'c' | 0 | 'BINARY' | 0
0 | 2 | 'c' | 0 | 'BINARY' | 1
1 | 0 | 'a' | 0 | 'BINARY' | 0
'main' | 'w' | 'table' | 3 | 1 | 0
'table' | 'w' | 'w' | 'CREATE TABLE w(a PRIMARY KEY, b, c UNIQUE) WITHOUT ROWID'
'index' | 'sqlite_autoindex_w_2' | 'w' | NULL

# An INTEGER PRIMARY KEY is a column like others there.
a> CREATE TABLE i(a INTEGER PRIMARY KEY, b) WITHOUT ROWID, STRICT
a> INSERT INTO i VALUES ('5', 1), (-2, 2)
a> INSERT INTO i(b) VALUES (1)
a> INSERT INTO i VALUES ('x', 1)
a> SELECT *, typeof(a) FROM i
a> CREATE TABLE i(a INTEGER PRIMARY KEY, b ANY) STRICT, WITHOUT ROWID
a> INSERT INTO i VALUES ('5', 1), (-2, 2)
a> INSERT INTO i(b) VALUES (1)
a> INSERT INTO i VALUES ('x', 1)
a> SELECT *, typeof(a) FROM i
a> CREATE TABLE x(a, b) WITHOUT ROWID
a> CREATE TABLE x(a INTEGER PRIMARY KEY AUTOINCREMENT) WITHOUT ROWID
---
OperationalError: missing datatype for i.b
OperationalError: no such table: i
OperationalError: no such table: i
OperationalError: no such table: i
OperationalError: no such table: i
ok
2 changed
IntegrityError: NOT NULL constraint failed: i.a
IntegrityError: cannot store TEXT value in INTEGER column i.a
-2 | 2 | 'integer'
5 | 1 | 'integer'
OperationalError: PRIMARY KEY missing on table x
OperationalError: AUTOINCREMENT not allowed on WITHOUT ROWID tables

# Keys of several columns, directions and collations.
a> CREATE TABLE k(a TEXT, b INT, c, PRIMARY KEY (b, a COLLATE nocase DESC, b)) WITHOUT ROWID
a> INSERT INTO k VALUES ('a', 1, 1), ('B', 1, 2), ('c', 0, 3)
a> INSERT INTO k VALUES ('A', 1, 4)
a> INSERT OR IGNORE INTO k VALUES ('A', 1, 4), ('d', 1, 5)
a> SELECT * FROM k
a> SELECT c FROM k WHERE b = 1 AND a > 'b' COLLATE nocase
a> SELECT x.c, y.c FROM k x LEFT JOIN k y ON x.b = y.b AND x.a = lower(y.a) ORDER BY 1, 2
a> INSERT INTO k SELECT a || 'z', b + 1, c FROM k
a> SELECT count(*), max(b), min(a) FROM k
a> CREATE INDEX kc ON k(c)
a> SELECT a FROM k WHERE c = 5 ORDER BY a
a> SELECT * FROM k x FULL JOIN w ON x.c = w.a ORDER BY x.a, w.a
---
ok
3 changed
IntegrityError: UNIQUE constraint failed: k.b, k.a
1 changed
'c' | 0 | 3
'd' | 1 | 5
'B' | 1 | 2
'a' | 1 | 1
5
1 | 1
2 | NULL
3 | 3
5 | 5
4 changed
8 | 2 | 'B'
ok
'd'
'dz'
NULL | NULL | NULL | 'x' | 3 | 3
'B' | 1 | 2 | NULL | NULL | NULL
'Bz' | 2 | 2 | NULL | NULL | NULL
'a' | 1 | 1 | NULL | NULL | NULL
'az' | 2 | 1 | NULL | NULL | NULL
'c' | 0 | 3 | NULL | NULL | NULL
'cz' | 1 | 3 | NULL | NULL | NULL
'd' | 1 | 5 | NULL | NULL | NULL
'dz' | 2 | 5 | NULL | NULL | NULL

# DDL and transactions.
a> ALTER TABLE k ADD d DEFAULT 7
a> ALTER TABLE k RENAME b TO bb
a> ALTER TABLE k DROP a
a> DROP INDEX kc
a> ALTER TABLE k DROP c
a> SELECT * FROM k WHERE bb = 1
a> SELECT sql FROM sqlite_schema WHERE tbl_name = 'k'
a> CREATE TABLE rowid(rowid PRIMARY KEY, b) WITHOUT ROWID
a> INSERT INTO rowid VALUES (2, 1), (1, 2)
a> SELECT rowid FROM rowid
a> BEGIN
a> DELETE FROM k
a> ROLLBACK
a> SELECT count(*) FROM k
a> PRAGMA integrity_check
---
ok
ok
OperationalError: cannot drop PRIMARY KEY column: "a"
ok
ok
'd' | 1 | 7
'cz' | 1 | 7
'B' | 1 | 7
'a' | 1 | 7
'CREATE TABLE k(a TEXT, bb INT, d DEFAULT 7, PRIMARY KEY (bb, a COLLATE nocase DESC, bb)) WITHOUT ROWID'
ok
2 changed
1
2
ok
8 changed
ok
8
'ok'

