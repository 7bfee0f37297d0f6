# INSERT … ON CONFLICT: do nothing, update, several clauses; all or nothing.
a> CREATE TABLE page(url TEXT PRIMARY KEY, hits INTEGER NOT NULL DEFAULT 1, last TEXT)
a> INSERT INTO page(url, last) VALUES ('/', 'mon'), ('/about', 'mon') ON CONFLICT (url) DO UPDATE SET hits = hits + 1
a> INSERT INTO page(url, last) VALUES ('/', 'tue'), ('/new', 'tue'), ('/', 'wed')
  ON CONFLICT (url) DO UPDATE SET hits = hits + 1, last = excluded.last
a> SELECT * FROM page ORDER BY url
---
ok
2 changed
3 changed
'/' | 3 | 'wed'
'/about' | 1 | 'mon'
'/new' | 1 | 'tue'

a> [names] INSERT INTO page(url, last) VALUES ('/', 'thu'), ('/blog', 'thu'), ('/about', 'thu')
  ON CONFLICT (url) DO UPDATE SET last = excluded.last WHERE hits > 1 RETURNING url, hits, last AS "when"
a> INSERT INTO page(url) VALUES ('/'), ('/x') ON CONFLICT DO NOTHING RETURNING url
---
url, hits, when
'/' | 3 | 'thu'
'/blog' | 1 | 'thu'
'/x'

# A failing update undoes the whole statement (INV-D4).
a> INSERT INTO page(url) VALUES ('/y'), ('/') ON CONFLICT (url) DO UPDATE SET hits = NULL
a> INSERT OR IGNORE INTO page(url) VALUES ('/y'), ('/') ON CONFLICT (url) DO UPDATE SET hits = NULL
a> SELECT url, hits FROM page ORDER BY url
---
IntegrityError: NOT NULL constraint failed: page.hits
IntegrityError: NOT NULL constraint failed: page.hits
'/' | 3
'/about' | 1
'/blog' | 1
'/new' | 1
'/x' | 1

# INSERT … SELECT needs a WHERE, else ON belongs to the join.
a> CREATE TABLE seen(url, n)
a> INSERT INTO seen VALUES ('/', 10), ('/about', 20), ('/far', 30)
a> INSERT INTO page(url, hits) SELECT url, n FROM seen ON CONFLICT (url) DO UPDATE SET hits = hits + excluded.hits
a> INSERT INTO page(url, hits) SELECT url, n FROM seen WHERE true ON CONFLICT (url) DO UPDATE SET hits = hits + excluded.hits
a> SELECT url, hits FROM page ORDER BY url
---
ok
3 changed
OperationalError: near "DO": syntax error
3 changed
'/' | 13
'/about' | 21
'/blog' | 1
'/far' | 30
'/new' | 1
'/x' | 1

# Several constraints: the clauses are tried in their order, then the constraints without one.
a> CREATE TABLE k(id INTEGER PRIMARY KEY, a UNIQUE, b UNIQUE, note)
a> INSERT INTO k VALUES (1, 'a1', 'b1', ''), (2, 'a2', 'b2', ''), (3, 'a3', 'b3', '')
a> INSERT INTO k VALUES (1, 'a2', 'b3', 'x')
  ON CONFLICT (b) DO UPDATE SET note = 'by b' ON CONFLICT (a) DO UPDATE SET note = 'by a' RETURNING *
a> INSERT INTO k VALUES (1, 'a2', 'b9', 'x')
  ON CONFLICT (b) DO UPDATE SET note = 'by b' ON CONFLICT (a) DO UPDATE SET note = 'by a' RETURNING *
a> INSERT INTO k VALUES (1, 'a9', 'b9', 'x')
  ON CONFLICT (b) DO UPDATE SET note = 'by b' ON CONFLICT (a) DO UPDATE SET note = 'by a'
a> INSERT INTO k VALUES (1, 'a9', 'b9', 'x')
  ON CONFLICT (b) DO UPDATE SET note = 'by b' ON CONFLICT DO UPDATE SET note = 'other' RETURNING *
a> INSERT INTO k VALUES (1, 'a1', 'b2', 'x') ON CONFLICT (note) DO NOTHING
a> INSERT INTO k VALUES (1, 'a1', 'b2', 'x') ON CONFLICT (a) DO NOTHING ON CONFLICT (a, b) DO NOTHING
a> REPLACE INTO k VALUES (1, 'a1', 'b2', 'y') ON CONFLICT (a) DO UPDATE SET note = 'kept'
a> SELECT * FROM k ORDER BY id
---
ok
3 changed
3 | 'a3' | 'b3' | 'by b'
2 | 'a2' | 'b2' | 'by a'
IntegrityError: UNIQUE constraint failed: k.id
1 | 'a1' | 'b1' | 'other'
OperationalError: ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint
OperationalError: 2nd ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint
1 changed
1 | 'a1' | 'b1' | 'kept'
2 | 'a2' | 'b2' | 'by a'
3 | 'a3' | 'b3' | 'by b'

# In a transaction, with a savepoint.
a> BEGIN
a> INSERT INTO k VALUES (7, 'a7', 'b7', 'new') ON CONFLICT DO NOTHING
a> SAVEPOINT s
a> INSERT INTO k VALUES (7, 'a8', 'b8', 'again') ON CONFLICT (id) DO UPDATE SET (a, note) = (excluded.a, excluded.note)
a> SELECT * FROM k WHERE id = 7
a> ROLLBACK TO s
a> INSERT INTO k VALUES (7, 'a8', 'b8', 'again') ON CONFLICT (id) DO UPDATE SET note = note || '!'
a> COMMIT
a> SELECT * FROM k WHERE id = 7
---
ok
1 changed
ok
1 changed
7 | 'a8' | 'b7' | 'again'
ok
1 changed
ok
7 | 'a7' | 'b7' | 'new!'
