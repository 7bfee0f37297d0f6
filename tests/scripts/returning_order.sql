# RETURNING comes after the row is written and before AFTER triggers; rows that a BEFORE trigger leaves out are not shown.
a> CREATE TABLE t(a INTEGER PRIMARY KEY, b)
a> CREATE TABLE log(x)
a> CREATE TRIGGER ai AFTER INSERT ON t BEGIN INSERT INTO log VALUES ('i' || new.a); SELECT RAISE(IGNORE) WHERE new.b = 'ig'; END
a> CREATE TRIGGER au AFTER UPDATE ON t BEGIN INSERT INTO log VALUES ('u' || new.a); SELECT RAISE(IGNORE) WHERE new.b = 'ig'; END
a> CREATE TRIGGER ad AFTER DELETE ON t BEGIN INSERT INTO log VALUES ('d' || old.a); SELECT RAISE(IGNORE) WHERE old.b = 'ig'; END
a> INSERT INTO t VALUES (1, 1), (2, 'ig'), (3, 3) RETURNING a, b, (SELECT count(*) FROM log WHERE x LIKE '%' || a)
a> INSERT INTO t VALUES (4, 4) RETURNING a, (SELECT count(*) FROM log WHERE x LIKE '%' || a)
a> UPDATE t SET b = CASE a WHEN 3 THEN 'ig' ELSE b || 'x' END RETURNING a, b, (SELECT group_concat(x) FROM log WHERE x LIKE '%' || a)
a> UPDATE t SET b = 0 WHERE a = 1 RETURNING a, b, (SELECT group_concat(x) FROM log WHERE x LIKE '%' || a)
a> INSERT INTO t VALUES (1, 5) ON CONFLICT (a) DO UPDATE SET b = 6 RETURNING b, (SELECT group_concat(x) FROM log WHERE x LIKE '%' || a)
a> DELETE FROM t WHERE a = 1 RETURNING a, (SELECT count(*) FROM log WHERE x LIKE '%' || a), (SELECT count(*) FROM t AS u WHERE u.a >= t.a)
a> DELETE FROM t RETURNING a, (SELECT group_concat(x) FROM log WHERE x LIKE '%' || a), (SELECT count(*) FROM t AS u WHERE u.a >= t.a)
a> SELECT group_concat(x) FROM log
a> SELECT * FROM t
---
ok
ok
ok
ok
ok
1 | 1 | 0
2 | 'ig' | 0
3 | 3 | 0
4 | 0
1 | '1x' | 'i1'
2 | 'igx' | 'i2'
3 | 'ig' | 'i3'
4 | '4x' | 'i4'
1 | 0 | 'i1,u1'
6 | 'i1,u1,u1'
1 | 4 | 3
2 | 'i2,u2' | 2
3 | 'i3,u3' | 1
4 | 'i4,u4' | 0
'i1,i2,i3,i4,u1,u2,u3,u4,u1,u1,d1,d2,d3,d4'
(no rows)

a> CREATE TRIGGER bd BEFORE DELETE ON t WHEN old.a = 2 BEGIN SELECT RAISE(IGNORE); END
a> INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)
a> DELETE FROM t RETURNING a
a> DELETE FROM t WHERE a = 2 RETURNING a
a> SELECT a FROM t
---
ok
3 changed
1
3
(no rows)
2

# Actions of foreign keys come before it.
a> PRAGMA foreign_keys = ON
a> CREATE TABLE p(a INTEGER PRIMARY KEY)
a> CREATE TABLE c(x REFERENCES p ON DELETE CASCADE)
a> INSERT INTO p VALUES (1), (2), (3)
a> INSERT INTO c VALUES (1), (2)
a> DELETE FROM p WHERE a < 3 RETURNING a, (SELECT count(*) FROM c WHERE x >= p.a), (SELECT count(*) FROM p AS q WHERE q.a >= p.a)
---
ok
ok
ok
3 changed
2 changed
1 | 1 | 2
2 | 0 | 1
