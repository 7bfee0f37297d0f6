# JSON functions, operators, aggregates; subtypes decide what is quoted.
a> CREATE TABLE doc(id INTEGER PRIMARY KEY, body TEXT)
a> INSERT INTO doc VALUES (1, '{"name":"bolt","price":1.50,"tags":["m4","steel"]}'), (2, '{"name":"nut","price":0.25,"tags":[]}'), (3, NULL)
a> SELECT id, body ->> 'name', body -> 'price', body ->> '$.price', json_array_length(body, '$.tags') FROM doc ORDER BY id
a> [names] SELECT body -> '$.tags' -> 0, json_type(body, '$.tags') AS kind FROM doc WHERE body ->> 'name' = 'bolt'
---
ok
3 changed
1 | 'bolt' | '1.50' | 1.5 | 2
2 | 'nut' | '0.25' | 0.25 | 0
3 | NULL | NULL | NULL | NULL
body -> '$.tags' -> 0, kind
'"m4"' | 'array'

a> SELECT json_group_array(body ->> 'name') FROM doc
a> SELECT json_group_array(json(body)) FROM doc WHERE id < 3
a> SELECT json_group_object(id, body -> 'tags') FROM doc WHERE id < 3
a> SELECT json_object('all', (SELECT json_group_array(id) FROM doc), 'text', '[1]', 'json', json('[1]'))
a> SELECT json_array(j) FROM (SELECT json('[1]') AS j)
a> SELECT json_array(CASE WHEN id = 1 THEN json(body) -> 'tags' ELSE '[]' END, coalesce(body, json('{}'))) FROM doc WHERE id <> 2
a> SELECT json_group_array(json_extract(body, '$.tags')) FILTER (WHERE id < 3) FROM doc
---
'["bolt","nut",null]'
'[{"name":"bolt","price":1.50,"tags":["m4","steel"]},{"name":"nut","price":0.25,"tags":[]}]'
'{"1":["m4","steel"],"2":[]}'
'{"all":[1,2,3],"text":"[1]","json":[1]}'
'["[1]"]'
'[["m4","steel"],"{\\"name\\":\\"bolt\\",\\"price\\":1.50,\\"tags\\":[\\"m4\\",\\"steel\\"]}"]'
'["[]",{}]'
'[["m4","steel"],[]]'

a> UPDATE doc SET body = json_set(body, '$.price', 2, '$.tags[#]', 'new', '$.size', json('{"x":1}')) WHERE id = 1
a> UPDATE doc SET body = json_remove(body, '$.tags', '$.none') WHERE id = 2
a> SELECT body FROM doc ORDER BY id
a> CREATE INDEX doc_id ON doc(id)
a> SELECT id FROM doc ORDER BY json_extract(body, '$.price')
a> SELECT body ->> 'price' AS p, count(*) FROM doc GROUP BY p ORDER BY p
a> SELECT json_patch(body, '{"name":null,"size":{"y":[null]}}') FROM doc WHERE id = 1
---
1 changed
1 changed
'{"name":"bolt","price":2,"tags":["m4","steel","new"],"size":{"x":1}}'
'{"name":"nut","price":0.25}'
NULL
ok
3
2
1
NULL | 1
0.25 | 1
2 | 1
'{"price":2,"tags":["m4","steel","new"],"size":{"x":1,"y":[null]}}'

a> SELECT json('{"a":1,"a":-0,"b":[ 1e5 , 1.0 ]}')
a> SELECT json('[1'), 1
a> SELECT json_extract('{"a":[1,2]}', '$.a[#-1]', '$.b', '$')
a> SELECT json_object(1, 2)
a> SELECT '{"a":{"b":null}}' -> 'a' -> 'b', '{"a":{"b":null}}' -> 'a' ->> 'b', '{}' -> 'x'
a> SELECT '[1,2]' -> 0 + 1, '{"x":5}' ->> 'x' || 'y', -'[3]' ->> 0
---
'{"a":1,"a":-0,"b":[1e5,1.0]}'
OperationalError: malformed JSON
'[2,null,{"a":[1,2]}]'
OperationalError: json_object() labels must be TEXT
'null' | NULL | NULL
2 | '5y' | NULL

