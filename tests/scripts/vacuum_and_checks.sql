# VACUUM: which database, which file; integrity_check of a table. Copies into memory vanish at once.
a> CREATE TABLE t(a UNIQUE)
a> INSERT INTO t VALUES (1), (2)
a> ATTACH ':memory:' AS other
a> CREATE TABLE other.u(b)
a> INSERT INTO u VALUES (3)
a> VACUUM
a> VACUUM main
a> VACUUM other
a> VACUUM temp
a> VACUUM nope
a> VACUUM nope INTO ':memory:'
a> VACUUM INTO ':memory:'
a> VACUUM INTO ''
a> VACUUM other INTO ':mem' || 'ory:'
a> VACUUM temp INTO '/nonexistent/folder/file'
a> VACUUM INTO (SELECT ':memory:' FROM t)
a> VACUUM INTO 1
a> VACUUM INTO NULL
a> VACUUM INTO x'61'
a> VACUUM INTO nope
a> VACUUM INTO
a> VACUUM INTO 'a' 'b'
a> SELECT * FROM t, u
a> PRAGMA integrity_check
a> PRAGMA integrity_check(t)
a> PRAGMA integrity_check(u)
a> PRAGMA main.integrity_check(t)
a> PRAGMA integrity_check(sqlite_schema)
a> PRAGMA integrity_check(nope)
a> PRAGMA quick_check(nope)
a> PRAGMA other.quick_check(t)
a> PRAGMA main.quick_check(nope)
a> PRAGMA quick_check(1)
a> BEGIN
a> VACUUM
a> VACUUM INTO ':memory:'
a> COMMIT
---
ok
2 changed
ok
ok
1 changed
ok
ok
ok
ok
OperationalError: unknown database nope
OperationalError: unknown database nope
ok
ok
ok
ok
ok
OperationalError: non-text filename
OperationalError: non-text filename
OperationalError: non-text filename
OperationalError: no such column: nope
OperationalError: incomplete input
OperationalError: near "'b'": syntax error
1 | 3
2 | 3
'ok'
'ok'
'ok'
'ok'
'ok'
OperationalError: no such table: nope
OperationalError: no such table: nope
OperationalError: no such table: other.t
OperationalError: no such table: main.nope
'ok'
ok
OperationalError: cannot VACUUM from within a transaction
OperationalError: cannot VACUUM from within a transaction
ok
