# Of a table that exists IF NOT EXISTS reads the definition's syntax alone.
a> CREATE TABLE t(a, b)
a> CREATE INDEX i ON t(a)
a> CREATE VIEW v AS SELECT 1
a> CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END
a> CREATE TABLE IF NOT EXISTS t(a, a)
a> CREATE TABLE IF NOT EXISTS t(a PRIMARY KEY PRIMARY KEY, b DEFAULT (x) AUTOINCREMENT)
a> CREATE TABLE IF NOT EXISTS t(a PRIMARY KEY PRIMARY KEY, b DEFAULT (x), c AS (1) nosuch)
a> CREATE TABLE IF NOT EXISTS t(a, b PRIMARY KEY AUTOINCREMENT, FOREIGN KEY (x) REFERENCES y(q, r)) WITHOUT ROWID
a> CREATE TABLE IF NOT EXISTS t(a REFERENCES y(q, r), UNIQUE (z, 1 + 1), CHECK ((SELECT 1))) STRICT
a> CREATE TABLE IF NOT EXISTS t(a, a) STRICT, nonsense
a> CREATE TABLE IF NOT EXISTS t(a, a,)
a> CREATE TABLE IF NOT EXISTS t(a, a) x
a> CREATE TABLE IF NOT EXISTS t AS SELECT nosuch FROM nosuch
a> CREATE TABLE IF NOT EXISTS v(a, a)
a> CREATE TABLE IF NOT EXISTS i(a, a)
a> CREATE TABLE IF NOT EXISTS u(a, a)
a> CREATE TABLE IF NOT EXISTS nosuch.t(a)
a> CREATE TEMP TABLE IF NOT EXISTS main.t(a, a)
a> CREATE TABLE t(a, a)
---
ok
ok
ok
ok
ok
OperationalError: near "AUTOINCREMENT": syntax error
ok
ok
ok
OperationalError: unknown table option: nonsense
OperationalError: near ")": syntax error
OperationalError: unknown table option: x
ok
ok
OperationalError: there is already an index named i
OperationalError: duplicate column name: a
OperationalError: unknown database nosuch
OperationalError: temporary table name must be unqualified
OperationalError: table t already exists

# Views, indexes and triggers.
a> CREATE VIEW IF NOT EXISTS v AS SELECT * FROM nosuch.q
a> CREATE VIEW v AS SELECT * FROM nosuch.q
a> CREATE VIEW IF NOT EXISTS t AS SELECT 1
a> CREATE VIEW IF NOT EXISTS i AS SELECT 1
a> CREATE INDEX IF NOT EXISTS i ON t(nosuch)
a> CREATE INDEX IF NOT EXISTS i ON nosuch(a)
a> CREATE INDEX IF NOT EXISTS t ON t(a)
a> CREATE TRIGGER IF NOT EXISTS tr AFTER INSERT ON nosuch BEGIN SELECT 1; END
a> CREATE TRIGGER IF NOT EXISTS tr INSTEAD OF INSERT ON t BEGIN SELECT nosuch; END
a> CREATE TRIGGER IF NOT EXISTS tr AFTER INSERT ON sqlite_master BEGIN SELECT 1; END
a> CREATE TRIGGER IF NOT EXISTS tr AFTER INSERT ON t BEGIN INSERT INTO main.t VALUES (1, 2); END
a> SELECT name FROM sqlite_master
---
ok
OperationalError: view v already exists
ok
OperationalError: there is already an index named i
ok
OperationalError: no such table: main.nosuch
OperationalError: there is already a table named t
OperationalError: no such table: main.nosuch
ok
ok
OperationalError: qualified table names are not allowed on INSERT, UPDATE, and DELETE statements within triggers
't'
'i'
'v'
'tr'

# Where an expression may stand, CAST and RAISE begin one. Table options may begin with a comma.
a> CREATE TABLE q(cast, raise, "x")
a> CREATE INDEX j ON q(cast)
a> CREATE INDEX j ON q((cast))
a> CREATE INDEX j ON q(raise, "x")
a> CREATE TABLE r(cast, PRIMARY KEY (cast))
a> CREATE INDEX j ON q("cast", "raise" DESC)
a> CREATE TABLE s(a INT), STRICT
a> CREATE TABLE s2(a INT),
---
ok
OperationalError: near ")": syntax error
OperationalError: near ")": syntax error
OperationalError: near ",": syntax error
OperationalError: near ")": syntax error
ok
ok
OperationalError: incomplete input

a> CREATE TEMP TRIGGER main.tr AFTER INSERT ON t BEGIN SELECT 1; END
a> CREATE TEMP TABLE main.t(a, a)
---
OperationalError: temporary trigger may not have qualified name
OperationalError: temporary table name must be unqualified
