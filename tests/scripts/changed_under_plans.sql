# Statements of the same text before and after the schema decides otherwise which of their literals are parameters.
a> CREATE TABLE t(a, b, c)
a> CREATE TABLE log(x)
a> INSERT INTO t VALUES (1, 1, 2), (2, 1, 2), (3, 1, 3)
a> CREATE TRIGGER ti AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END
a> INSERT INTO t VALUES (1, 1, 2), (2, 1, 2), (3, 1, 3)
a> SELECT * FROM log
a> DROP TRIGGER ti
a> INSERT INTO t VALUES (1, 1, 2), (2, 1, 2), (3, 1, 3)
a> SELECT count(*) FROM t
---
ok
ok
3 changed
ok
3 changed
1
2
3
ok
3 changed
9

a> UPDATE t SET b = b WHERE b = 1 AND c = 2 AND a > 1
a> DELETE FROM t WHERE b = 1 AND c = 3 AND a > 5
a> SELECT a FROM t WHERE b = 1 AND c = 2 AND a > 1
a> CREATE INDEX i ON t(c) WHERE b = 1
a> UPDATE t SET b = b WHERE b = 1 AND c = 2 AND a > 1
a> DELETE FROM t WHERE b = 1 AND c = 3 AND a > 5
a> SELECT a FROM t WHERE b = 1 AND c = 2 AND a > 1
a> DROP INDEX i
a> CREATE INDEX i ON t(b) WHERE c = 2
a> UPDATE t SET b = b WHERE b = 1 AND c = 2 AND a > 1
a> DROP INDEX i
a> UPDATE t SET b = b WHERE b = 1 AND c = 2 AND a > 1
a> SELECT a FROM t WHERE b = 1 AND c = 2 AND a > 1
---
3 changed
0 changed
2
2
2
ok
3 changed
0 changed
2
2
2
ok
ok
3 changed
ok
3 changed
2
2
2
