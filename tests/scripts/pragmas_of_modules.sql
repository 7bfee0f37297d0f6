# What PRAGMAs tell of table-valued functions and of tables WITHOUT ROWID, and PRAGMAs as tables.

a> PRAGMA table_info(json_each)
a> PRAGMA table_xinfo(json_tree)
a> PRAGMA table_xinfo(pragma_table_info)
a> SELECT name FROM pragma_table_info('json_each') WHERE cid > 5
---
0 | 'key' | '' | 0 | NULL | 0
1 | 'value' | '' | 0 | NULL | 0
2 | 'type' | '' | 0 | NULL | 0
3 | 'atom' | '' | 0 | NULL | 0
4 | 'id' | '' | 0 | NULL | 0
5 | 'parent' | '' | 0 | NULL | 0
6 | 'fullkey' | '' | 0 | NULL | 0
7 | 'path' | '' | 0 | NULL | 0
0 | 'key' | '' | 0 | NULL | 0 | 0
1 | 'value' | '' | 0 | NULL | 0 | 0
2 | 'type' | '' | 0 | NULL | 0 | 0
3 | 'atom' | '' | 0 | NULL | 0 | 0
4 | 'id' | '' | 0 | NULL | 0 | 0
5 | 'parent' | '' | 0 | NULL | 0 | 0
6 | 'fullkey' | '' | 0 | NULL | 0 | 0
7 | 'path' | '' | 0 | NULL | 0 | 0
8 | 'json' | '' | 0 | NULL | 0 | 1
9 | 'root' | '' | 0 | NULL | 0 | 1
0 | 'cid' | '' | 0 | NULL | 0 | 0
1 | 'name' | '' | 0 | NULL | 0 | 0
2 | 'type' | '' | 0 | NULL | 0 | 0
3 | 'notnull' | '' | 0 | NULL | 0 | 0
4 | 'dflt_value' | '' | 0 | NULL | 0 | 0
5 | 'pk' | '' | 0 | NULL | 0 | 0
6 | 'arg' | '' | 0 | NULL | 0 | 1
7 | 'schema' | '' | 0 | NULL | 0 | 1
'fullkey'
'path'

a> CREATE TABLE c(x INT, y TEXT, z, PRIMARY KEY(y, z DESC)) WITHOUT ROWID
a> CREATE TABLE r(x INT, y TEXT PRIMARY KEY)
a> PRAGMA index_info(c)
a> PRAGMA index_xinfo(c)
a> PRAGMA index_info(r)
a> SELECT count(*) FROM pragma_journal_mode
a> [names] PRAGMA shrink_memory
---
ok
ok
0 | 1 | 'y'
1 | 2 | 'z'
0 | 1 | 'y' | 0 | 'BINARY' | 1
1 | 2 | 'z' | 1 | 'BINARY' | 1
2 | 0 | 'x' | 0 | 'BINARY' | 0
(no rows)
1
ok

