# LIKE and GLOB with a fixed beginning read a range of an index with the right collation, if that finds few rows.
a> CREATE TABLE t(id INTEGER PRIMARY KEY, n TEXT COLLATE NOCASE, b TEXT, x)
a> INSERT INTO t(n, b, x) WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < 399) SELECT char(65 + i % 20, 97 + i % 7) || i, char(65 + i % 20, 97 + i % 7) || i, i FROM c
a> INSERT INTO t(n, b, x) VALUES ('ab', 'ab', 'ab'), ('AB', 'AB', 'AB'), ('zed', 'zed', 12), ('Zed%', 'Zed*', 'z'), (NULL, NULL, NULL), (x'6162', x'6162', x'6162'), ('', '', ''), ('@q', '@q', 1), ('é1', 'é1', 2)
a> CREATE INDEX t_n ON t(n)
a> CREATE INDEX t_b ON t(b)
a> CREATE INDEX t_bn ON t(b COLLATE nocase)
a> CREATE INDEX t_x ON t(x)
---
ok
400 changed
9 changed
ok
ok
ok
ok

a> [plan] SELECT id FROM t WHERE n LIKE 'ze%' ORDER BY id
a> [plan] SELECT id FROM t WHERE b GLOB 'Ze*' ORDER BY id
a> [plan] SELECT id, x FROM t WHERE b LIKE 'ze%' ORDER BY id
a> [plan] SELECT id, x FROM t WHERE n GLOB 'Ze*' ORDER BY id
a> SELECT id, b FROM t WHERE x LIKE '1%' AND id > 400 ORDER BY id
a> SELECT count(*), sum(id), max(x) FROM t WHERE n LIKE 'a%'
a> SELECT count(*), sum(id), max(x) FROM t WHERE n LIKE 'AB%'
a> SELECT count(*), sum(id), max(x) FROM t WHERE n LIKE 'z_d%'
a> SELECT count(*), sum(id), max(x) FROM t WHERE n LIKE '%'
a> SELECT count(*), sum(id), max(x) FROM t WHERE n LIKE ''
a> SELECT count(*), sum(id), max(x) FROM t WHERE n LIKE NULL
a> SELECT count(*), sum(id), max(x) FROM t WHERE n LIKE 5
a> SELECT count(*), sum(id), max(x) FROM t WHERE n LIKE '@%'
a> SELECT count(*), sum(id), max(x) FROM t WHERE n LIKE 'é%'
a> SELECT count(*), sum(id), max(x) FROM t WHERE n LIKE 'zed\%' ESCAPE '\'
a> SELECT count(*), sum(id), max(x) FROM t WHERE n NOT LIKE 'a%'
a> SELECT count(*), sum(id), max(x) FROM t WHERE b GLOB '[Zz]ed*'
a> SELECT count(*), sum(id), max(x) FROM t WHERE b GLOB 'zed'
a> SELECT count(*), sum(id), max(x) FROM t WHERE b GLOB 'Ab*' OR n LIKE 'zed'
a> SELECT n, x FROM t WHERE n LIKE 'zed%' AND x > 0 ORDER BY id
a> UPDATE t SET x = -1 WHERE n LIKE 'ze%'
a> DELETE FROM t WHERE b GLOB 'Ze*'
a> SELECT count(*) FROM t WHERE x = -1
---
plan SEARCH t USING INDEX t_n (n>? AND n<?)
403
404
plan SEARCH t USING INDEX t_b (b>? AND b<?)
404
plan SEARCH t USING INDEX t_bn (b>? AND b<?)
403 | 12
404 | 'z'
plan SCAN t
404 | 'z'
403 | 'zed'
408 | '@q'
22 | 4623 | 'ab'
4 | 1185 | 'ab'
2 | 807 | 'z'
407 | 83034 | 'z'
1 | 407 | ''
0 | NULL | NULL
0 | NULL | NULL
1 | 408 | 1
1 | 409 | 2
1 | 404 | 'z'
386 | 78817 | x'6162'
2 | 807 | 'z'
1 | 403 | 12
3 | 785 | 260
'zed' | 12
'Zed%' | 'z'
2 changed
1 changed
1
