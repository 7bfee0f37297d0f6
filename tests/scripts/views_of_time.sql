#! aerodb
# Every commit can be read again (INV-V1), under the schema it had (INV-S2).
a> CREATE TABLE t(id INTEGER PRIMARY KEY, v)
a> INSERT INTO t VALUES (1, 'first')
a> PRAGMA aerodb_commit_id
a> UPDATE t SET v = 'second'
a> PRAGMA aerodb_commit_id
a> SELECT v FROM t
a> SELECT v FROM t FOR SYSTEM_TIME AS OF COMMIT 2
a> SELECT now.v, old.v FROM t AS now JOIN t FOR SYSTEM_TIME AS OF COMMIT 2 AS old USING (id)
a> SELECT * FROM t FOR SYSTEM_TIME AS OF COMMIT 1
a> SELECT * FROM t FOR SYSTEM_TIME AS OF COMMIT 0
a> SELECT * FROM t FOR SYSTEM_TIME AS OF COMMIT 99
---
ok
1 changed
2
1 changed
3
'second'
'first'
'second' | 'first'
(no rows)
OperationalError: no such table: t
OperationalError: no such commit: 99 (the latest is 3)
