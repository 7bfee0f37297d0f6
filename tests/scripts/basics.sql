# Tables, rows, atomic statements, names of columns.
a> CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL DEFAULT 1.5, UNIQUE(name))
a> INSERT INTO t(name) VALUES ('bolt'), ('nut')
a> [names] SELECT * FROM t ORDER BY id
---
ok
2 changed
id, name, price
1 | 'bolt' | 1.5
2 | 'nut' | 1.5

a> [names] SELECT id+1, name  ||'!', count(*) OVER_ALL, typeof(price) "t" FROM t GROUP BY id ORDER BY 1
---
id+1, name  ||'!', OVER_ALL, t
2 | 'bolt!' | 1 | 'real'
3 | 'nut!' | 1 | 'real'

# A failing statement leaves nothing behind (INV-D4), and the session goes on (INV-F4).
a> INSERT INTO t(name) VALUES ('cog'), ('bolt')
a> SELECT count(*) FROM t
a> INSERT INTO t(name) VALUES (NULL)
a> UPDATE t SET name = 'same'
a> SELECT name FROM t ORDER BY name
---
IntegrityError: UNIQUE constraint failed: t.name
2
IntegrityError: NOT NULL constraint failed: t.name
IntegrityError: UNIQUE constraint failed: t.name
'bolt'
'nut'

a> INSERT OR IGNORE INTO t(name, price) VALUES ('bolt', 9), ('cog', '2.5')
a> INSERT OR REPLACE INTO t(name, price) VALUES ('nut', 7)
a> SELECT id, name, price, typeof(price) FROM t ORDER BY id
a> DELETE FROM t WHERE price > 2 RETURNING id, name
a> SELECT count(*), max(id) FROM t
---
1 changed
1 changed
1 | 'bolt' | 1.5 | 'real'
3 | 'cog' | 2.5 | 'real'
4 | 'nut' | 7.0 | 'real'
3 | 'cog'
4 | 'nut'
1 | 1

a> SELECT * FROM missing
a> SELECT nothing FROM t
a> SELEC 1
a> SELECT (1
a> CREATE TABLE t(x)
---
OperationalError: no such table: missing
OperationalError: near "nothing": syntax error
OperationalError: near "SELEC": syntax error
OperationalError: incomplete input
OperationalError: table t already exists
