# UPDATE and DELETE with ORDER BY and LIMIT: these choose the rows, which are then changed in rowid order.
a> CREATE TABLE job(id INTEGER PRIMARY KEY, priority, state DEFAULT 'new')
a> CREATE INDEX by_priority ON job(priority)
a> INSERT INTO job(priority) VALUES (5), (1), (4), (2), (3), (NULL)
a> UPDATE job SET state = 'taken' WHERE state = 'new' RETURNING id, priority ORDER BY priority DESC LIMIT 2
a> UPDATE job SET state = 'next' WHERE state = 'new' ORDER BY priority NULLS LAST LIMIT 1 OFFSET 1
a> DELETE FROM job WHERE state = 'new' ORDER BY priority LIMIT 1
a> SELECT * FROM job ORDER BY id
---
ok
ok
6 changed
1 | 5
3 | 4
1 changed
1 changed
1 | 5 | 'taken'
2 | 1 | 'new'
3 | 4 | 'taken'
4 | 2 | 'next'
5 | 3 | 'new'

a> DELETE FROM job AS j WHERE j.priority > 0 RETURNING id ORDER BY j.id DESC LIMIT 1, 2
a> UPDATE job NOT INDEXED SET id = id + 10 ORDER BY id DESC LIMIT 1
a> UPDATE job INDEXED BY by_priority SET state = 'x' WHERE priority > 3 ORDER BY priority LIMIT 1
a> SELECT * FROM job ORDER BY id
---
3
4
1 changed
1 changed
1 | 5 | 'x'
2 | 1 | 'new'
15 | 3 | 'new'

a> DELETE FROM job ORDER BY id
a> UPDATE job SET state = 1 ORDER BY id
a> DELETE FROM job ORDER BY id LIMIT 1 RETURNING id
a> DELETE FROM job ORDER BY zork LIMIT 1
a> DELETE FROM job LIMIT zork
a> DELETE FROM job LIMIT 'x'
a> DELETE FROM job RETURNING id LIMIT 0
a> UPDATE job SET priority = 0 LIMIT -1
a> DELETE FROM job LIMIT 100
a> SELECT count(*) FROM job
---
OperationalError: ORDER BY without LIMIT on DELETE
OperationalError: ORDER BY without LIMIT on UPDATE
OperationalError: near "RETURNING": syntax error
OperationalError: no such column: zork
OperationalError: no such column: zork
IntegrityError: datatype mismatch
(no rows)
3 changed
3 changed
0

# A table without rowids, a table with a column of the rowid's name, and a count of what is in the schema.
a> CREATE TABLE pair(a, b, PRIMARY KEY (a, b)) WITHOUT ROWID
a> INSERT INTO pair VALUES (1, 1), (1, 2), (2, 1), (3, 1), (3, 2)
a> UPDATE pair SET b = b + 10 WHERE a < 3 ORDER BY b DESC, a LIMIT 2
a> DELETE FROM pair WHERE b < 10 ORDER BY a DESC, b DESC LIMIT 1
a> DELETE FROM pair WHERE b > 10 LIMIT 1 OFFSET 1
a> SELECT * FROM pair
a> CREATE TABLE named(_rowid_, v)
a> INSERT INTO named VALUES (5, 1), (5, 2), (7, 3)
a> DELETE FROM named WHERE v > 0 ORDER BY v LIMIT 1
a> SELECT * FROM named
a> SELECT count(*) FROM sqlite_master
a> SELECT count(*), count(name) FROM sqlite_schema WHERE type = 'table'
---
ok
5 changed
2 changed
1 changed
1 changed
1 | 11
2 | 1
3 | 1
ok
3 changed
1 changed
5 | 2
7 | 3
4
3 | 3
