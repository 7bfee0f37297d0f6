# Text that is not UTF-8 keeps its bytes: in rows, indexes of both directions, keys and generated columns, and over updates.

a> CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, n NUMERIC, whole TEXT AS (a || '.') STORED)
a> CREATE UNIQUE INDEX up ON t(a)
a> CREATE INDEX down ON t(a DESC, n)
a> CREATE TABLE w(k TEXT PRIMARY KEY COLLATE NOCASE, v) WITHOUT ROWID
a> INSERT INTO t(a, n) VALUES (CAST(x'ff' AS TEXT), CAST(x'31ff' AS TEXT)), (CAST(x'636166e9' AS TEXT), 2), ('café', 3), (CAST(x'eda080' AS TEXT), 4)
a> INSERT INTO w VALUES (CAST(x'41ff' AS TEXT), 1), (CAST(x'42c3' AS TEXT), 2)
---
ok
ok
ok
ok
4 changed
2 changed

a> SELECT id, hex(a), typeof(a), hex(n), typeof(n), hex(whole) FROM t ORDER BY id
---
1 | 'FF' | 'text' | '31FF' | 'text' | 'FF2E'
2 | '636166E9' | 'text' | '32' | 'integer' | '636166E92E'
3 | '636166C3A9' | 'text' | '33' | 'integer' | '636166C3A92E'
4 | 'EDA080' | 'text' | '34' | 'integer' | 'EDA0802E'

a> SELECT id FROM t WHERE a = CAST(x'636166e9' AS TEXT)
a> SELECT id FROM t INDEXED BY down WHERE a = CAST(x'eda080' AS TEXT)
a> SELECT id FROM t WHERE a = 'caf' || CAST(x'e9' AS TEXT)
a> SELECT v FROM w WHERE k = CAST(x'61ff' AS TEXT)
a> SELECT count(*) FROM t AS x JOIN t AS y ON x.a = y.a
a> SELECT hex(a), count(*) FROM t GROUP BY a HAVING a >= CAST(x'ff' AS TEXT)
---
2
4
2
1
4
'FF' | 1

a> INSERT INTO t(a) VALUES (CAST(x'ff' AS TEXT))
a> INSERT INTO w VALUES (CAST(x'61ff' AS TEXT), 3)
---
IntegrityError: UNIQUE constraint failed: t.a
IntegrityError: UNIQUE constraint failed: w.k

a> UPDATE t SET a = a || CAST(x'fe' AS TEXT) WHERE id = 1
a> UPDATE w SET k = upper(k) || 'x', v = k WHERE v = 2
b> SELECT hex(a), hex(whole) FROM t WHERE id = 1
b> SELECT hex(k), hex(v) FROM w ORDER BY typeof(v)
a> PRAGMA integrity_check
---
a: 1 changed
a: 1 changed
b: 'FFFE' | 'FFFE2E'
b: '41FF' | '31'
b: '42C378' | '42C3'
a: 'ok'

b> BEGIN
b> DELETE FROM t WHERE a = CAST(x'fffe' AS TEXT)
b> SELECT count(*) FROM t
b> ROLLBACK
b> SELECT count(*), hex(max(CAST(a AS BLOB))), hex(group_concat(a, '')) FROM t WHERE id < 3
---
ok
1 changed
3
ok
2 | 'FFFE' | 'FFFE636166E9'
