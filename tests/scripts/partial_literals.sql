# Literals of a text become parameters of its plan, but not where a partial index's condition has the same literal.
a> CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER, active INTEGER, s TEXT)
a> CREATE INDEX ta ON t(a) WHERE active = 1
a> CREATE INDEX ts ON t(a) WHERE s = 'it''s' AND id > -5
a> INSERT INTO t(a, active, s) VALUES (1, 1, 'x'), (1, 0, 'it''s'), (2, 1, 'it''s'), (2, NULL, 'y'), (1, 1, 'it''s'), (3, 2, 'z')
a> [plan] SELECT id FROM t WHERE a = 1 AND active = 1 ORDER BY id
a> [plan] SELECT id FROM t WHERE a = 1 AND active = 0 ORDER BY id
a> [plan] SELECT id FROM t WHERE a = 2 AND s = 'it''s' AND id > -5 ORDER BY id
a> SELECT id FROM t WHERE a = 2 AND s = 'its' AND id > -5 ORDER BY id
a> SELECT id FROM t WHERE a = 1 AND active = 1.0 ORDER BY id
a> SELECT id FROM t WHERE a = 1 AND active = '1' ORDER BY id
a> SELECT id FROM t WHERE a = 1 AND active IN (1) ORDER BY id
a> UPDATE t SET a = 5 WHERE a = 1 AND active = 1
a> SELECT id FROM t WHERE a = 5 AND active = 1 ORDER BY id
a> DELETE FROM t WHERE a = 5 AND active = 1 AND s = 'x'
a> SELECT id FROM t INDEXED BY ta WHERE a > 1 AND active = 1 ORDER BY id
a> SELECT id, a, active, s FROM t ORDER BY id
---
ok
ok
ok
6 changed
plan SEARCH t USING INDEX ta (a=?)
1
5
plan SCAN t
2
plan SEARCH t USING INDEX ts (a=?)
3
(no rows)
1
5
1
5
1
5
2 changed
1
5
1 changed
3
5
2 | 1 | 0 | "it's"
3 | 2 | 1 | "it's"
4 | 2 | NULL | 'y'
5 | 5 | 1 | "it's"
6 | 3 | 2 | 'z'
