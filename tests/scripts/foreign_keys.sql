# Foreign keys: every kind of parent key, actions, deferral, what fails and when.

# Off unless asked for; and not switched in a transaction.
a> PRAGMA foreign_keys
a> PRAGMA foreign_keys = ON
a> PRAGMA foreign_keys
a> BEGIN
a> PRAGMA foreign_keys = OFF
a> PRAGMA foreign_keys
a> COMMIT
---
0
ok
1
ok
ok
1
ok


# Parents by rowid, by unique column, by several columns; NULL refers to nothing.
a> PRAGMA foreign_keys = ON
a> CREATE TABLE artist(id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE UNIQUE)
a> CREATE TABLE album(artist INTEGER REFERENCES artist, title TEXT, year, PRIMARY KEY (artist, title))
a> CREATE TABLE track(n INTEGER PRIMARY KEY, artist, album, label TEXT REFERENCES artist(name), FOREIGN KEY (artist, album) REFERENCES album)
a> INSERT INTO artist VALUES (1, 'Nina'), (2, 'Otis')
a> INSERT INTO album VALUES (1, 'Pastel', 1965)
a> INSERT INTO album VALUES (7, 'None', 1970)
a> INSERT INTO album VALUES (NULL, 'Free', 1971)
a> INSERT INTO track VALUES (1, 1, 'Pastel', 'nina')
a> INSERT INTO track VALUES (2, 1, 'pastel', NULL)
a> INSERT INTO track VALUES (3, 1, NULL, NULL)
a> INSERT INTO track VALUES (4, '1', 'Pastel', 'x')
a> INSERT INTO track VALUES (5, 2, 'Pastel', NULL)
a> SELECT * FROM track
---
ok
ok
ok
ok
2 changed
1 changed
IntegrityError: FOREIGN KEY constraint failed
1 changed
1 changed
IntegrityError: FOREIGN KEY constraint failed
1 changed
IntegrityError: FOREIGN KEY constraint failed
IntegrityError: FOREIGN KEY constraint failed
1 | 1 | 'Pastel' | 'nina'
3 | 1 | NULL | NULL


# Nothing is done to a parent row that is referred to.
a> PRAGMA foreign_keys = ON
a> DELETE FROM artist WHERE id = 1
a> UPDATE artist SET id = 3 WHERE id = 1
a> UPDATE artist SET name = 'NINA' WHERE id = 1
a> UPDATE artist SET name = 'Nat' WHERE id = 1
a> DELETE FROM artist WHERE id = 2
a> UPDATE album SET title = 'Other'
a> SELECT * FROM artist
a> SELECT changes(), total_changes() > 0
---
ok
IntegrityError: FOREIGN KEY constraint failed
IntegrityError: FOREIGN KEY constraint failed
1 changed
IntegrityError: FOREIGN KEY constraint failed
1 changed
IntegrityError: FOREIGN KEY constraint failed
1 | 'NINA'
0 | 1


# A failed statement leaves nothing; OR FAIL keeps nothing that violates a key, OR IGNORE does not help.
a> PRAGMA foreign_keys = ON
a> INSERT INTO track VALUES (8, 1, 'Pastel', 'Nina'), (9, 9, 'x', NULL)
a> INSERT OR IGNORE INTO track VALUES (8, 9, 'x', NULL)
a> INSERT OR FAIL INTO track VALUES (8, 9, 'x', NULL), (1, 1, 'Pastel', NULL)
a> SELECT n FROM track
---
ok
IntegrityError: FOREIGN KEY constraint failed
IntegrityError: FOREIGN KEY constraint failed
IntegrityError: FOREIGN KEY constraint failed
1
3


# Immediate keys are looked at when the statement ends, not row by row.
a> PRAGMA foreign_keys = ON
a> CREATE TABLE tree(id INTEGER PRIMARY KEY, up INTEGER REFERENCES tree ON DELETE CASCADE ON UPDATE CASCADE, v)
a> INSERT INTO tree VALUES (1, 2, 'a'), (2, 3, 'b'), (3, 1, 'c'), (4, 4, 'd'), (5, 1, 'e')
a> INSERT INTO tree VALUES (6, 7, 'f'), (7, 6, 'g')
a> INSERT INTO tree SELECT 8, 9, 'h'
a> UPDATE tree SET id = id + 10
a> SELECT * FROM tree
a> SELECT changes(), total_changes() >= 14
a> DELETE FROM tree WHERE id = 11
a> SELECT changes()
a> SELECT * FROM tree
---
ok
ok
5 changed
2 changed
IntegrityError: FOREIGN KEY constraint failed
7 changed
11 | 12 | 'a'
12 | 13 | 'b'
13 | 11 | 'c'
14 | 14 | 'd'
15 | 11 | 'e'
16 | 17 | 'f'
17 | 16 | 'g'
7 | 1
1 changed
1
14 | 14 | 'd'
16 | 17 | 'f'
17 | 16 | 'g'


# Actions.
a> PRAGMA foreign_keys = ON
a> CREATE TABLE p(k TEXT PRIMARY KEY)
a> CREATE TABLE c(n INTEGER PRIMARY KEY, a REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE, b REFERENCES p ON DELETE SET NULL ON UPDATE SET NULL, d DEFAULT 'z' REFERENCES p ON DELETE SET DEFAULT ON UPDATE SET DEFAULT, e REFERENCES p ON DELETE RESTRICT ON UPDATE RESTRICT)
a> INSERT INTO p VALUES ('a'), ('b'), ('d'), ('e'), ('z')
a> INSERT INTO c VALUES (1, 'a', 'b', 'd', 'e'), (2, NULL, 'b', 'd', NULL), (3, 'a', NULL, NULL, NULL)
a> DELETE FROM p WHERE k = 'e'
a> UPDATE p SET k = 'E' WHERE k = 'e'
a> UPDATE p SET k = 'A' WHERE k = 'a'
a> UPDATE p SET k = 'B' WHERE k = 'b'
a> DELETE FROM p WHERE k = 'd'
a> SELECT * FROM c
a> DELETE FROM p WHERE k = 'A'
a> SELECT * FROM c
a> DELETE FROM p WHERE k = 'z'
a> SELECT * FROM p
a> REPLACE INTO p VALUES ('E')
a> SELECT * FROM c
---
ok
ok
ok
5 changed
3 changed
IntegrityError: FOREIGN KEY constraint failed
IntegrityError: FOREIGN KEY constraint failed
1 changed
1 changed
1 changed
1 | 'A' | NULL | 'z' | 'e'
2 | NULL | NULL | 'z' | NULL
3 | 'A' | NULL | NULL | NULL
1 changed
2 | NULL | NULL | 'z' | NULL
IntegrityError: FOREIGN KEY constraint failed
'B'
'e'
'z'
1 changed
2 | NULL | NULL | 'z' | NULL


# An action may break other constraints.
a> PRAGMA foreign_keys = ON
a> CREATE TABLE q(k INTEGER PRIMARY KEY)
a> CREATE TABLE r(x NOT NULL REFERENCES q ON DELETE SET NULL, y CHECK (y < 10) REFERENCES q ON UPDATE CASCADE)
a> INSERT INTO q VALUES (1), (2)
a> INSERT INTO r VALUES (1, 2)
a> DELETE FROM q WHERE k = 1
a> UPDATE q SET k = 20 WHERE k = 2
a> SELECT * FROM q
a> SELECT * FROM r
---
ok
ok
ok
2 changed
1 changed
IntegrityError: NOT NULL constraint failed: r.x
IntegrityError: CHECK constraint failed: y < 10
1
2
1 | 2


# Deferred keys are looked at by COMMIT, which fails and leaves the transaction open.
a> PRAGMA foreign_keys = ON
a> CREATE TABLE later(x REFERENCES q DEFERRABLE INITIALLY DEFERRED)
a> INSERT INTO later VALUES (5)
a> BEGIN
a> INSERT INTO later VALUES (5), (6)
a> COMMIT
a> SELECT * FROM later
a> INSERT INTO q VALUES (5)
a> COMMIT
a> SAVEPOINT a
a> DELETE FROM later WHERE x = 6
a> RELEASE a
a> SELECT * FROM later
a> BEGIN
a> INSERT INTO later VALUES (7)
a> SAVEPOINT b
a> INSERT INTO later VALUES (8)
a> ROLLBACK TO b
a> INSERT INTO q VALUES (7)
a> COMMIT
a> SELECT * FROM later
a> BEGIN
a> INSERT INTO later VALUES (9)
a> ROLLBACK
a> SELECT count(*) FROM later
---
ok
ok
IntegrityError: FOREIGN KEY constraint failed
ok
2 changed
IntegrityError: FOREIGN KEY constraint failed
5
6
1 changed
IntegrityError: FOREIGN KEY constraint failed
ok
1 changed
ok
5
OperationalError: cannot start a transaction within a transaction
1 changed
ok
1 changed
ok
1 changed
ok
5
7
ok
1 changed
ok
2


# Immediate keys deferred for one transaction.
a> PRAGMA foreign_keys = ON
a> BEGIN
a> PRAGMA defer_foreign_keys = ON
a> INSERT INTO album VALUES (50, 'x', 1)
a> COMMIT
a> INSERT INTO artist VALUES (50, 'Late')
a> COMMIT
a> PRAGMA defer_foreign_keys
a> INSERT INTO album VALUES (51, 'x', 1)
a> BEGIN
a> PRAGMA defer_foreign_keys = ON
a> INSERT INTO album VALUES (52, 'x', 1)
a> PRAGMA defer_foreign_keys = OFF
a> COMMIT
a> PRAGMA foreign_key_check
a> DELETE FROM album WHERE artist = 52
---
ok
ok
ok
1 changed
IntegrityError: FOREIGN KEY constraint failed
1 changed
ok
0
IntegrityError: FOREIGN KEY constraint failed
ok
ok
1 changed
ok
ok
'album' | 4 | 'artist' | 0
1 changed


# Keys that cannot be: the definition stands, statements that need it fail.
a> PRAGMA foreign_keys = ON
a> CREATE TABLE bad(x REFERENCES nowhere, y)
a> INSERT INTO bad VALUES (1, 1)
a> INSERT INTO bad VALUES (NULL, 1)
a> DELETE FROM bad
a> UPDATE bad SET y = 1
a> UPDATE bad SET x = 1
a> CREATE TABLE wrong(x REFERENCES album(year))
a> INSERT INTO wrong VALUES (1)
a> DELETE FROM album WHERE year = 0
a> INSERT INTO album VALUES (2, 'y', 0)
a> PRAGMA foreign_key_check
a> DROP TABLE wrong
a> DROP TABLE bad
---
ok
ok
OperationalError: no such table: main.nowhere
OperationalError: no such table: main.nowhere
OperationalError: no such table: main.nowhere
0 changed
OperationalError: no such table: main.nowhere
ok
OperationalError: foreign key mismatch - "wrong" referencing "album"
OperationalError: foreign key mismatch - "wrong" referencing "album"
IntegrityError: FOREIGN KEY constraint failed
OperationalError: foreign key mismatch - "wrong" referencing "album"
ok
ok


# What is wrong already is found by foreign_key_check.
a> PRAGMA foreign_keys = ON
a> PRAGMA foreign_keys = OFF
a> INSERT INTO track VALUES (60, 60, 'x', 'y'), (61, NULL, 'x', 'nina')
a> INSERT INTO c VALUES (60, 'no', 'z', 'no', 'no')
a> PRAGMA foreign_keys = ON
a> PRAGMA foreign_key_check(c)
a> PRAGMA foreign_key_check(track)
a> PRAGMA foreign_key_check(artist)
a> PRAGMA foreign_key_check(none)
a> PRAGMA foreign_key_list(track)
a> DELETE FROM track WHERE n = 60
a> DELETE FROM c WHERE n = 60
a> PRAGMA foreign_key_check
---
ok
ok
2 changed
1 changed
ok
'c' | 60 | 'p' | 0
'c' | 60 | 'p' | 1
'c' | 60 | 'p' | 3
'track' | 60 | 'album' | 0
'track' | 60 | 'artist' | 1
(no rows)
OperationalError: no such table: none
0 | 0 | 'album' | 'artist' | NULL | 'NO ACTION' | 'NO ACTION' | 'NONE'
0 | 1 | 'album' | 'album' | NULL | 'NO ACTION' | 'NO ACTION' | 'NONE'
1 | 0 | 'artist' | 'label' | 'name' | 'NO ACTION' | 'NO ACTION' | 'NONE'
1 changed
1 changed
(no rows)


# DROP TABLE deletes the rows first.
a> PRAGMA foreign_keys = ON
a> DROP TABLE artist
a> SELECT count(*) FROM artist
a> DROP TABLE album
a> DROP TABLE track
a> DROP TABLE album
a> BEGIN
a> INSERT INTO later VALUES (70)
a> DROP TABLE later
a> COMMIT
a> BEGIN
a> DROP TABLE q
a> COMMIT
a> DROP TABLE r
a> COMMIT
a> SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name
---
ok
IntegrityError: FOREIGN KEY constraint failed
2
IntegrityError: FOREIGN KEY constraint failed
ok
ok
ok
1 changed
ok
ok
ok
IntegrityError: NOT NULL constraint failed: r.x
ok
ok
OperationalError: cannot commit - no transaction is active
'artist'
'c'
'p'
'q'
'tree'

