# PRAGMA legacy_alter_table: a table is made anew under the views and triggers that name it.
a> PRAGMA legacy_alter_table
a> CREATE TABLE t(a, b)
a> CREATE TABLE new_t(a, c)
a> INSERT INTO new_t VALUES (1, 2)
a> CREATE TABLE log(x)
a> CREATE VIEW v AS SELECT a FROM t
a> CREATE TRIGGER g AFTER INSERT ON log BEGIN DELETE FROM t; END
a> DROP TABLE t
a> PRAGMA legacy_alter_table = ON
a> PRAGMA legacy_alter_table
a> ALTER TABLE new_t RENAME TO t
a> SELECT * FROM v
a> INSERT INTO log VALUES (1)
a> SELECT count(*) FROM v
a> SELECT sql FROM sqlite_schema
---
0
ok
ok
1 changed
ok
ok
ok
ok
ok
1
ok
1
1 changed
0
'CREATE TABLE "t"(a, c)'
'CREATE TABLE log(x)'
'CREATE VIEW v AS SELECT a FROM t'
'CREATE TRIGGER g AFTER INSERT ON log BEGIN DELETE FROM t; END'

# Views and bodies of triggers keep their texts; indexes and the ON of triggers do not.
a> PRAGMA legacy_alter_table = ON
a> CREATE INDEX i ON t(a) WHERE a > 0
a> CREATE TRIGGER h AFTER INSERT ON t WHEN new.a > 5 BEGIN INSERT INTO t VALUES (new.a - 5, 0); END
a> PRAGMA recursive_triggers = ON
a> ALTER TABLE t RENAME TO u
a> SELECT name, tbl_name, sql FROM sqlite_schema
a> SELECT * FROM v
a> INSERT INTO u VALUES (6, 1)
a> ALTER TABLE u RENAME TO t
a> INSERT INTO t VALUES (6, 1)
a> SELECT * FROM v ORDER BY a
---
ok
ok
ok
ok
ok
'u' | 'u' | 'CREATE TABLE "u"(a, c)'
'log' | 'log' | 'CREATE TABLE log(x)'
'v' | 'v' | 'CREATE VIEW v AS SELECT a FROM t'
'g' | 'log' | 'CREATE TRIGGER g AFTER INSERT ON log BEGIN DELETE FROM t; END'
'i' | 'u' | 'CREATE INDEX i ON "u"(a) WHERE a > 0'
'h' | 'u' | 'CREATE TRIGGER h AFTER INSERT ON "u" WHEN new.a > 5 BEGIN INSERT INTO t VALUES (new.a - 5, 0); END'
OperationalError: no such table: main.t
OperationalError: no such table: main.t
ok
1 changed
1
6

# Foreign keys follow where they are enforced.
a> PRAGMA legacy_alter_table = ON
a> CREATE TABLE p(k PRIMARY KEY, up REFERENCES p)
a> CREATE TABLE c(x REFERENCES p)
a> PRAGMA foreign_keys = OFF
a> ALTER TABLE p RENAME TO q
a> SELECT sql FROM sqlite_schema WHERE name IN ('q', 'c')
a> ALTER TABLE q RENAME TO p
a> PRAGMA foreign_keys = ON
a> ALTER TABLE p RENAME TO q
a> SELECT sql FROM sqlite_schema WHERE name IN ('q', 'c')
---
ok
ok
ok
ok
ok
'CREATE TABLE "q"(k PRIMARY KEY, up REFERENCES p)'
'CREATE TABLE c(x REFERENCES p)'
ok
ok
ok
'CREATE TABLE "q"(k PRIMARY KEY, up REFERENCES "q")'
'CREATE TABLE c(x REFERENCES "q")'

# A CHECK that names its table is not rewritten, and so refused.
a> PRAGMA legacy_alter_table = ON
a> CREATE TABLE k(a, CHECK (k.a > 0))
a> ALTER TABLE k RENAME TO kk
a> SELECT sql FROM sqlite_schema WHERE name LIKE 'k%'
---
ok
ok
OperationalError: error in table kk after rename: no such column: k.a
'CREATE TABLE k(a, CHECK (k.a > 0))'

# Without it.
a> PRAGMA legacy_alter_table = OFF
a> DROP TABLE t
a> CREATE TABLE new_t(a)
a> ALTER TABLE new_t RENAME TO t
---
ok
ok
ok
OperationalError: error in view v: no such table: main.t
