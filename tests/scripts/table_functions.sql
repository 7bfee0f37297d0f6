# Table-valued functions: lateral joins, LEFT JOIN, correlated subqueries, hidden columns, DML.
a> CREATE TABLE item(id INTEGER PRIMARY KEY, tags TEXT)
a> INSERT INTO item VALUES (1, '["red","big"]'), (2, '[]'), (3, NULL), (4, '[{"x":[1,2]},"red"]')
a> [names] SELECT * FROM json_each('{"a":1,"b":[2]}')
a> SELECT item.id, t.key, t.value FROM item, json_each(item.tags) AS t ORDER BY 1, 2
a> SELECT item.id, t.value FROM item LEFT JOIN json_each(item.tags) t ON t.type = 'text' ORDER BY 1, t.key
a> SELECT t.value, group_concat(item.id) FROM json_each(item.tags) t, item WHERE t.type = 'text' GROUP BY t.value
---
ok
4 changed
key, value, type, atom, id, parent, fullkey, path
'a' | 1 | 'integer' | 1 | 2 | NULL | '$.a' | '$'
'b' | '[2]' | 'array' | NULL | 4 | NULL | '$.b' | '$'
1 | 0 | 'red'
1 | 1 | 'big'
4 | 0 | '{"x":[1,2]}'
4 | 1 | 'red'
1 | 'red'
1 | 'big'
2 | NULL
3 | NULL
4 | 'red'
'big' | '1'
'red' | '1,4'

a> SELECT id, (SELECT count(*) FROM json_each(tags)), (SELECT group_concat(fullkey, ' ') FROM json_tree(tags) WHERE atom IS NOT NULL) FROM item
a> SELECT id FROM item WHERE EXISTS (SELECT 1 FROM json_each(tags) WHERE value = 'red')
a> SELECT id FROM item WHERE 'big' IN (SELECT value FROM json_each(item.tags))
a> SELECT json_group_array(value) FROM json_each('[[1],"x"]')
a> SELECT value FROM json_each WHERE json = '[1,2,3]' AND value > 1
a> SELECT e.value, f.value FROM json_each('[1,2,3]') e LEFT JOIN json_each('[2,3,4]') f ON e.value = f.value
a> SELECT e.value, f.value FROM json_each('[1,2]') e FULL JOIN json_each('[2,3]') f ON e.value = f.value
---
1 | 2 | '$[0] $[1]'
2 | 0 | NULL
3 | 0 | NULL
4 | 2 | '$[0].x[0] $[0].x[1] $[1]'
1
4
1
'[[1],"x"]'
2
3
1 | NULL
2 | 2
3 | 3
1 | NULL
2 | 2
NULL | 3

a> WITH RECURSIVE down(x) AS (SELECT '[1,[2,[3]]]' UNION ALL SELECT value FROM down, json_each(down.x) WHERE type = 'array') SELECT x FROM down
a> CREATE VIEW tag AS SELECT item.id, j.value FROM item JOIN json_each(item.tags) j
a> SELECT * FROM tag WHERE id = 1 ORDER BY value
a> UPDATE item SET tags = (SELECT json_group_array(value) FROM json_each(item.tags) WHERE value <> 'big') WHERE id = 1
a> INSERT INTO item(tags) SELECT value FROM json_each('["p","q"]')
a> DELETE FROM item WHERE id IN (SELECT value FROM json_each('[2,3]'))
a> SELECT * FROM item ORDER BY id
a> SELECT name, type, pk FROM pragma_table_info('item')
a> SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1, c.cid
a> SELECT * FROM json_each('[', '$')
a> SELECT * FROM json_each(1, 2, 3)
a> SELECT * FROM item('x')
---
'[1,[2,[3]]]'
'[2,[3]]'
'[3]'
ok
1 | 'big'
1 | 'red'
1 changed
2 changed
2 changed
1 | '["red"]'
4 | '[{"x":[1,2]},"red"]'
5 | 'p'
6 | 'q'
'id' | 'INTEGER' | 1
'tags' | 'TEXT' | 0
'item' | 'id'
'item' | 'tags'
OperationalError: malformed JSON
OperationalError: too many arguments on json_each() - max 2
OperationalError: 'item' is not a function

# Aliases of the select list in ON and in arguments.
a> SELECT i.id, '[' || i.id || ',"x"]' AS list, e.value FROM item i JOIN json_each(list) e ORDER BY 1, e.key
a> SELECT e.value AS v, item.id + 1 AS next, json_array(item.id) AS list FROM item LEFT JOIN json_each(list) e ON next > 4 ORDER BY 2, 1
a> SELECT '["z"]' AS tags, e.value FROM item JOIN json_each(tags) e ON item.id = 1
a> SELECT i.id + 1 AS next, j.id FROM item i JOIN item j ON next = j.id ORDER BY 1
a> SELECT i.id AS k, (SELECT max(id) FROM item) AS top, j.id FROM item i JOIN item j ON j.id = top - 1 AND k < 3 ORDER BY k
a> SELECT sum(item.id) AS s FROM item JOIN json_each(s) e
a> SELECT x.value AS v FROM json_each(nope) x
a> SELECT v AS v FROM json_each(v) x
---
1 | '[1,"x"]' | 1
1 | '[1,"x"]' | 'x'
4 | '[4,"x"]' | 4
4 | '[4,"x"]' | 'x'
5 | '[5,"x"]' | 5
5 | '[5,"x"]' | 'x'
6 | '[6,"x"]' | 6
6 | '[6,"x"]' | 'x'
NULL | 2 | '[1]'
4 | 5 | '[4]'
5 | 6 | '[5]'
6 | 7 | '[6]'
'["z"]' | 'red'
5 | 5
6 | 6
1 | 6 | 5
OperationalError: misuse of aggregate: sum()
OperationalError: no such column: nope
OperationalError: no such column: v
