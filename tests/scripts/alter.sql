# ALTER TABLE ADD COLUMN: rows get the default, the text is edited in place.
a> CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, UNIQUE (b))
a> INSERT INTO t VALUES (1, 'x'), (2, 'y')
a> ALTER TABLE t ADD COLUMN c INT DEFAULT '5'
a> ALTER TABLE t ADD d DEFAULT (-1) ;
a> ALTER TABLE main.t ADD e REAL /* kept */ COLLATE nocase
a> ALTER TABLE t ADD f NOT NULL DEFAULT word
a> [names] SELECT *, typeof(c) FROM t
a> SELECT sql FROM sqlite_schema
a> INSERT INTO t(b, f) VALUES ('z', NULL)
a> INSERT INTO t(b, e) VALUES ('z', 2)
a> SELECT * FROM t WHERE c = 5 AND f = 'word' ORDER BY a DESC LIMIT 1
---
ok
2 changed
ok
ok
ok
ok
a, b, c, d, e, f, typeof(c)
1 | 'x' | 5 | -1 | NULL | 'word' | 'integer'
2 | 'y' | 5 | -1 | NULL | 'word' | 'integer'
"CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c INT DEFAULT '5', d DEFAULT (-1), e REAL /* kept */ COLLATE nocase, f NOT NULL DEFAULT word, UNIQUE (b))"
NULL
IntegrityError: NOT NULL constraint failed: t.f
1 changed
3 | 'z' | 5 | -1 | 2.0 | 'word'

# What may not be added.
a> ALTER TABLE t ADD g NOT NULL
a> ALTER TABLE t ADD g UNIQUE
a> ALTER TABLE t ADD g INTEGER PRIMARY KEY
a> ALTER TABLE t ADD g DEFAULT (1 + 1)
a> ALTER TABLE t ADD g DEFAULT CURRENT_TIME
a> ALTER TABLE t ADD g CHECK (g IS NOT NULL)
a> ALTER TABLE t ADD B
a> ALTER TABLE nope ADD x
a> ALTER TABLE main.nope ADD x
a> ALTER TABLE sqlite_master ADD x
a> ALTER TABLE t ADD
a> ALTER TABLE t ADD CONSTRAINT x CHECK (1)
a> SELECT sql FROM sqlite_schema WHERE type = 'table'
a> CREATE TABLE empty(a)
a> SELECT sql FROM sqlite_schema WHERE name = 'empty'
---
OperationalError: Cannot add a NOT NULL column with default value NULL
OperationalError: Cannot add a UNIQUE column
OperationalError: Cannot add a PRIMARY KEY column
OperationalError: Cannot add a column with non-constant default
OperationalError: Cannot add a column with non-constant default
OperationalError: CHECK constraint failed
OperationalError: duplicate column name: B
OperationalError: no such table: nope
OperationalError: no such table: main.nope
OperationalError: table sqlite_master may not be altered
OperationalError: incomplete input
OperationalError: near "CONSTRAINT": syntax error
"CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c INT DEFAULT '5', d DEFAULT (-1), e REAL /* kept */ COLLATE nocase, f NOT NULL DEFAULT word, UNIQUE (b))"
ok
'CREATE TABLE empty(a)'

# RENAME COLUMN: keys, CHECKs, indexes, foreign keys of others, views; not other columns of the same name.
a> CREATE TABLE p(k, v, w CHECK (w <> p.k), UNIQUE (v, k COLLATE nocase), CHECK ("k" > 0 AND v > [k]))
a> CREATE INDEX pi ON p(v, k DESC) WHERE p.k > 1 AND "v" > 1
a> CREATE TABLE c(k REFERENCES p(k), FOREIGN KEY (k) REFERENCES P(v))
a> CREATE VIEW v1 AS SELECT k, p.k AS k2, (SELECT k FROM c WHERE c.k = p.k) FROM p WHERE EXISTS (SELECT 1 FROM c x WHERE x.k = v) ORDER BY k
a> CREATE VIEW v2(k) AS WITH p AS (SELECT 1 AS k) SELECT p.k FROM p
a> CREATE VIEW v3 AS SELECT p.*, main.p.k FROM p AS p JOIN c ON c.k = p.k GROUP BY p.k HAVING max(v) > 1
a> INSERT INTO p VALUES (2, 3, 1)
a> ALTER TABLE p RENAME k TO [new key]
a> ALTER TABLE p RENAME COLUMN V TO val
a> SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT IN ('t', 'empty')
a> [names] SELECT * FROM v1
a> [names] SELECT * FROM p WHERE val = 3 AND "new key" = 2
a> INSERT INTO p VALUES (1, 1, 0)
a> PRAGMA integrity_check
---
ok
ok
ok
ok
ok
ok
1 changed
ok
ok
'index' | 'sqlite_autoindex_t_1' | 't' | NULL
'table' | 'p' | 'p' | 'CREATE TABLE p("new key", val, w CHECK (w <> p."new key"), UNIQUE (val, "new key" COLLATE nocase), CHECK ("new key" > 0 AND val > "new key"))'
'index' | 'sqlite_autoindex_p_1' | 'p' | NULL
'index' | 'pi' | 'p' | 'CREATE INDEX pi ON p(val, "new key" DESC) WHERE p."new key" > 1 AND "val" > 1'
'table' | 'c' | 'c' | 'CREATE TABLE c(k REFERENCES p("new key"), FOREIGN KEY (k) REFERENCES P(val))'
'view' | 'v1' | 'v1' | 'CREATE VIEW v1 AS SELECT "new key", p."new key" AS k2, (SELECT k FROM c WHERE c.k = p."new key") FROM p WHERE EXISTS (SELECT 1 FROM c x WHERE x.k = val) ORDER BY "new key"'
'view' | 'v2' | 'v2' | 'CREATE VIEW v2(k) AS WITH p AS (SELECT 1 AS k) SELECT p.k FROM p'
'view' | 'v3' | 'v3' | 'CREATE VIEW v3 AS SELECT p.*, main.p."new key" FROM p AS p JOIN c ON c.k = p."new key" GROUP BY p."new key" HAVING max(val) > 1'
new key, k2, (SELECT k FROM c WHERE c.k = p."new key")
(no rows)
new key, val, w
2 | 3 | 1
IntegrityError: CHECK constraint failed: new key
'ok'

a> ALTER TABLE p RENAME nope TO x
a> ALTER TABLE p RENAME val TO w
a> ALTER TABLE v1 RENAME k TO x
a> ALTER TABLE p RENAME val TO Val
a> SELECT sql FROM sqlite_schema WHERE name = 'pi'
---
OperationalError: no such column: "nope"
OperationalError: error in table p after rename: duplicate column name: w
OperationalError: cannot rename columns of view "v1"
ok
'CREATE INDEX pi ON p(Val, "new key" DESC) WHERE p."new key" > 1 AND "Val" > 1'

# RENAME TO: everything that names the table.
a> ALTER TABLE p RENAME TO "the parent"
a> ALTER TABLE c RENAME TO p
a> SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT IN ('t', 'empty')
a> SELECT count(*) FROM v1
a> ALTER TABLE v1 RENAME TO x
a> ALTER TABLE p RENAME TO t
a> ALTER TABLE p RENAME TO V1
a> ALTER TABLE p RENAME TO sqlite_p
a> ALTER TABLE sqlite_schema RENAME TO x
a> ALTER INDEX pi RENAME TO x
a> PRAGMA foreign_key_list(p)
---
ok
ok
'index' | 'sqlite_autoindex_t_1' | 't' | NULL
'table' | 'the parent' | 'the parent' | 'CREATE TABLE "the parent"("new key", Val, w CHECK (w <> "the parent"."new key"), UNIQUE (Val, "new key" COLLATE nocase), CHECK ("new key" > 0 AND Val > "new key"))'
'index' | 'sqlite_autoindex_the parent_1' | 'the parent' | NULL
'index' | 'pi' | 'the parent' | 'CREATE INDEX pi ON "the parent"(Val, "new key" DESC) WHERE "the parent"."new key" > 1 AND "Val" > 1'
'table' | 'p' | 'p' | 'CREATE TABLE "p"(k REFERENCES "the parent"("new key"), FOREIGN KEY (k) REFERENCES "the parent"(Val))'
'view' | 'v1' | 'v1' | 'CREATE VIEW v1 AS SELECT "new key", "the parent"."new key" AS k2, (SELECT k FROM "p" WHERE "p".k = "the parent"."new key") FROM "the parent" WHERE EXISTS (SELECT 1 FROM "p" x WHERE x.k = Val) ORDER BY "new key"'
'view' | 'v2' | 'v2' | 'CREATE VIEW v2(k) AS WITH p AS (SELECT 1 AS k) SELECT p.k FROM p'
'view' | 'v3' | 'v3' | 'CREATE VIEW v3 AS SELECT p.*, main.p."new key" FROM "the parent" AS p JOIN "p" ON "p".k = p."new key" GROUP BY p."new key" HAVING max(Val) > 1'
0
OperationalError: view v1 may not be altered
OperationalError: there is already another table or index with this name: t
OperationalError: there is already another table or index with this name: V1
OperationalError: object name reserved for internal use: sqlite_p
OperationalError: table sqlite_master may not be altered
OperationalError: near "INDEX": syntax error
0 | 0 | 'the parent' | 'k' | 'Val' | 'NO ACTION' | 'NO ACTION' | 'NONE'
1 | 0 | 'the parent' | 'k' | 'new key' | 'NO ACTION' | 'NO ACTION' | 'NONE'

# A view that does not bind, before or after.
a> CREATE VIEW bad AS SELECT * FROM missing
a> ALTER TABLE t RENAME TO t9
a> ALTER TABLE t DROP f
a> DROP VIEW bad
a> CREATE VIEW one AS SELECT b FROM t
a> CREATE VIEW two AS SELECT b FROM one
a> ALTER TABLE t RENAME b TO bb
a> DROP VIEW two
a> ALTER TABLE t DROP b
---
ok
OperationalError: error in view bad: no such table: main.missing
OperationalError: error in view bad: no such table: main.missing
ok
ok
ok
OperationalError: error in view two after rename: no such column: b
ok
OperationalError: error in table t after drop column: no such column: b

# DROP COLUMN
a> CREATE TABLE d(a, b PRIMARY KEY, c UNIQUE, e CHECK (e > 0), f, g, h REFERENCES t, CHECK (f > 0), FOREIGN KEY (g) REFERENCES t(a))
a> CREATE INDEX dh ON d(h)
a> INSERT INTO d VALUES (1, 2, 3, 4, 5, 6, 7), ('a', 'b', 'c', 'd', 'e', 'f', 'g')
a> ALTER TABLE d DROP a
a> ALTER TABLE d DROP COLUMN b
a> ALTER TABLE d DROP c
a> ALTER TABLE d DROP f
a> ALTER TABLE d DROP g
a> ALTER TABLE d DROP h
a> DROP INDEX dh
a> ALTER TABLE d DROP h
a> ALTER TABLE d DROP e
a> ALTER TABLE d DROP nope
a> [names] SELECT * FROM d
a> SELECT sql FROM sqlite_schema WHERE name = 'd'
a> SELECT f FROM d WHERE c = 'c'
a> ALTER TABLE one DROP b
a> CREATE TABLE single(a)
a> ALTER TABLE single DROP a
a> PRAGMA integrity_check
---
ok
ok
2 changed
ok
OperationalError: cannot drop PRIMARY KEY column: "b"
OperationalError: cannot drop UNIQUE column: "c"
OperationalError: error in table d after drop column: no such column: f
OperationalError: error in table d after drop column: unknown column "g" in foreign key definition
OperationalError: error in index dh after drop column: no such column: h
ok
ok
ok
OperationalError: no such column: "nope"
b, c, f, g
2 | 3 | 5 | 6
'b' | 'c' | 'e' | 'f'
'CREATE TABLE d(b PRIMARY KEY, c UNIQUE, f, g, CHECK (f > 0), FOREIGN KEY (g) REFERENCES t(a))'
'e'
OperationalError: cannot drop column from view "one"
ok
OperationalError: cannot drop column "a": no other columns exist
'ok'

# Transactional.
a> BEGIN
a> ALTER TABLE d ADD z DEFAULT 7
a> UPDATE d SET z = 8 WHERE b = 2
a> ALTER TABLE d RENAME TO dd
a> SELECT z FROM dd ORDER BY z
a> SAVEPOINT s
a> ALTER TABLE dd DROP z
a> ALTER TABLE dd RENAME b TO bbb
a> [names] SELECT * FROM dd LIMIT 1
a> ROLLBACK TO s
a> [names] SELECT * FROM dd LIMIT 1
b> SELECT count(*) FROM d
a> ROLLBACK
a> [names] SELECT * FROM d LIMIT 1
---
a: ok
a: ok
a: 1 changed
a: ok
a: 7
a: 8
a: ok
a: ok
a: ok
a: bbb, c, f, g
a: 2 | 3 | 5 | 6
a: ok
a: b, c, f, g, z
a: 2 | 3 | 5 | 6 | 8
b: 2
a: ok
a: b, c, f, g
a: 2 | 3 | 5 | 6

