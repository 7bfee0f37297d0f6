# JSON functions and paths.

a> select json_extract('{"a":{"b":[1,2,{"c":null}]}}','$.a.b[2].c'), json_extract('{"a":1}','$.b'), json_extract('{"a":1}','$'), json_extract('[1,2]','$[#-1]'), json_extract('[1,2]','$[5]'), json_extract('[1]','$[0]','$[1]'), json_extract(null,'$'), json_extract('1','$'), json_extract('{"a":1}',null)
a> select json_extract('{"a.b":1,"a":{"b":2}}','$.a.b'), json_extract('{"a.b":1}','$."a.b"'), json_extract('{"":1}','$.""'), json_extract('{"a b":1}','$.a b'), json_extract('{"a":1,"a":2}','$.a')
a> select json_extract('[1]','$[#]')
a> select json_extract('{a','$')
a> select json_extract('','$')
a> select json(' { "a" : 1 } '), json('"x"'), json('null'), json('1.0'), json('-0'), json('1e5'), json('[]'), json('[1, [2,3] ]'), json(1), json(1.5), json(null)
a> select json('01'), 1
a> select json('"\u0041\n\t\"\\\/"'), json('"\ud83d\ude00"'), '"\u0041"'->>'$', json_extract('"a\nb"','$'), json_quote('a"b\c'||char(10)||char(1)), json_quote(1), json_quote(1.5), json_quote(null), json_quote('[1]'), json_quote(json('[1]'))
a> select json_object('a')
a> select json_object(1,2)
a> select json_object(null,2)
a> select json_set('{"a":1}','$.a',2), json_set('{"a":1}','$.b',2), json_insert('{"a":1}','$.a',2), json_insert('{"a":1}','$.b',2), json_replace('{"a":1}','$.a',2), json_replace('{"a":1}','$.b',2), json_set('[1]','$[1]',2), json_set('[1]','$[#]',2), json_set('[1]','$[5]',2), json_set('{}','$.a.b.c',1), json_set('[]','$[0][0]',1), json_set('{"a":[1]}','$.a[#-1]',9)
a> select json_set('{"a":1}','$.a'), 1
a> select json_remove('{"a":1,"b":2}','$.a'), json_remove('[1,2,3]','$[0]','$[0]'), json_remove('[1,2]','$[#-1]'), json_remove('{"a":1}','$'), json_remove('{"a":1}','$.x'), json_remove('{"a":1}'), json_remove(null,'$'), json_remove('{"a":1}',null)
a> select json_patch('{"a":1,"b":2}','{"a":null,"c":3}'), json_patch('{"a":{"b":1}}','{"a":{"c":2}}'), json_patch('[1]','{"a":1}'), json_patch('{"a":1}','[2]'), json_patch('1','2'), json_patch(null,'{}'), json_patch('{}',null), json_patch('{"a":1}','{"a":{"b":null,"c":1}}')
a> select json_type('{"a":[1,1.5,"x",null,true,false,{}]}','$.a'), json_type('[1,1.5,"x",null,true,false,{}]','$[0]'), json_type('[1.5]','$[0]'), json_type('["x"]','$[0]'), json_type('[null]','$[0]'), json_type('[true]','$[0]'), json_type('[{}]','$[0]'), json_type('1'), json_type('[1]','$[9]'), json_type(null), json_type('[1]',null)
a> select json_array_length('[1,2,3]'), json_array_length('{"a":[1,2]}','$.a'), json_array_length('{"a":1}'), json_array_length('1'), json_array_length('[1]','$[0]'), json_array_length('[1]','$.x'), json_array_length(null)
a> select json_valid('{"a":1}'), json_valid('{a:1}'), json_valid(''), json_valid('1'), json_valid('[1,]'), json_valid(1), json_valid(x'00'), json_valid('nul'), json_valid('{"a":1} x'), json_valid('"abc')
a> select '{'->'a'
a> select '{"a":[1,2]}'->'a'->1, '{"a":[1,2]}'->'a'->>1, '{"a":1}'->>'b' is null, '5'->'$', '5'->>'$', 'x'->>'$'
a> select key,value,type,atom,id,parent,fullkey,path from json_each('{"a":1,"b":[1,2],"c":null,"d":"x","e":true,"f":1.5,"g":{}}')
a> select key,value,type,atom,fullkey,path from json_tree('{"a":1,"b":[1,{"c":2}]}')
a> select key,value,type,fullkey,path from json_each('[1,[2,3]]','$[1]')
a> select key,value,type,fullkey,path from json_tree('{"a":{"b":[1,2]}}','$.a.b')
a> select * from json_each('1')
a> select * from json_each('[]')
a> select * from json_each(null)
a> select * from json_each('{"a b":1,"c.d":2,"":3}')
a> select fullkey from json_tree('{"a b":{"x":1},"c.d":2,"1a":3,"a1":4,"_x":5,"é":6}')
a> select value from json_each('[3,1,2]') order by value
---
NULL | NULL | '{"a":1}' | 2 | NULL | '[1,null]' | NULL | 1 | NULL
2 | 1 | 1 | 1 | 1
NULL
OperationalError: malformed JSON
OperationalError: malformed JSON
'{"a":1}' | '"x"' | 'null' | '1.0' | '-0' | '1e5' | '[]' | '[1,[2,3]]' | '1' | '1.5' | NULL
OperationalError: malformed JSON
'"\\u0041\\n\\t\\"\\\\\\/"' | '"\\ud83d\\ude00"' | 'A' | 'a\nb' | '"a\\"b\\\\c\\n\\u0001"' | '1' | '1.5' | 'null' | '"[1]"' | '[1]'
OperationalError: json_object() requires an even number of arguments
OperationalError: json_object() labels must be TEXT
OperationalError: json_object() labels must be TEXT
'{"a":2}' | '{"a":1,"b":2}' | '{"a":1}' | '{"a":1,"b":2}' | '{"a":2}' | '{"a":1}' | '[1,2]' | '[1,2]' | '[1]' | '{"a":{"b":{"c":1}}}' | '[[1]]' | '{"a":[9]}'
OperationalError: json_set() needs an odd number of arguments
'{"b":2}' | '[3]' | '[1]' | NULL | '{"a":1}' | '{"a":1}' | NULL | NULL
'{"b":2,"c":3}' | '{"a":{"b":1,"c":2}}' | '{"a":1}' | '[2]' | '2' | NULL | NULL | '{"a":{"c":1}}'
'array' | 'integer' | 'real' | 'text' | 'null' | 'true' | 'object' | 'integer' | NULL | NULL | NULL
3 | 2 | 0 | 0 | 0 | NULL | NULL
1 | 0 | 0 | 1 | 0 | 1 | 0 | 0 | 0 | 0
OperationalError: malformed JSON
OperationalError: malformed JSON
'a' | 1 | 'integer' | 1 | 2 | NULL | '$.a' | '$'
'b' | '[1,2]' | 'array' | NULL | 4 | NULL | '$.b' | '$'
'c' | NULL | 'null' | NULL | 8 | NULL | '$.c' | '$'
'd' | 'x' | 'text' | 'x' | 10 | NULL | '$.d' | '$'
'e' | 1 | 'true' | 1 | 12 | NULL | '$.e' | '$'
'f' | 1.5 | 'real' | 1.5 | 14 | NULL | '$.f' | '$'
'g' | '{}' | 'object' | NULL | 16 | NULL | '$.g' | '$'
NULL | '{"a":1,"b":[1,{"c":2}]}' | 'object' | NULL | '$' | '$'
'a' | 1 | 'integer' | 1 | '$.a' | '$'
'b' | '[1,{"c":2}]' | 'array' | NULL | '$.b' | '$'
0 | 1 | 'integer' | 1 | '$.b[0]' | '$.b'
1 | '{"c":2}' | 'object' | NULL | '$.b[1]' | '$.b'
'c' | 2 | 'integer' | 2 | '$.b[1].c' | '$.b[1]'
0 | 2 | 'integer' | '$[1][0]' | '$[1]'
1 | 3 | 'integer' | '$[1][1]' | '$[1]'
'b' | '[1,2]' | 'array' | '$.a.b' | '$.a'
0 | 1 | 'integer' | '$.a.b[0]' | '$.a.b'
1 | 2 | 'integer' | '$.a.b[1]' | '$.a.b'
NULL | 1 | 'integer' | 1 | 0 | NULL | '$' | '$'
(no rows)
(no rows)
'a b' | 1 | 'integer' | 1 | 2 | NULL | '$."a b"' | '$'
'c.d' | 2 | 'integer' | 2 | 4 | NULL | '$."c.d"' | '$'
'' | 3 | 'integer' | 3 | 6 | NULL | '$.""' | '$'
'$'
'$."a b"'
'$."a b".x'
'$."c.d"'
'$."1a"'
'$.a1'
'$."_x"'
'$."é"'
1
2
3

a> select count(*) from json_tree('[[[[1]]]]')
a> select j.value, k.value from json_each('[1,2]') j, json_each('[3,4]') k where j.value+k.value=5
a> select json_group_array(value) from json_each('[3,1,2]') where value>1
a> select json_group_array(distinct value) from json_each('[1,1,2]')
a> select json_group_object(key,value) from json_each('{"a":1,"b":2}')
a> select json_group_array(json(value)) from json_each('[[1],[2]]')
a> select json_group_array(x) from (select 1 x union all select null union all select 'a')
a> select json_group_array(1) where 0
a> select json_group_object('a',1) where 0
a> select json_each.value from json_each('[1]')
a> select e.rowid, e.key from json_each('[5,6]') e
a> select json from json_each('[1]')
a> select root from json_each('[1]','$')
a> select * from json_each('[1]') where json='[2]'
a> select * from json_each
a> select json_extract('[1,2,3]', '$[' || 1 || ']'), json_extract('{"a":[{"b":1},{"b":2}]}','$.a[1].b'), json_extract('{"a":9007199254740993}','$.a'), json_extract('[1e400]','$[0]'), json_extract('[123456789012345678901]','$[0]'), typeof(json_extract('[123456789012345678901]','$[0]')), typeof(json_extract('[true]','$[0]')), json_extract('[-0.0]','$[0]')
a> select json('{"a":"\u00e9"}'), json_extract('{"a":"\u00e9"}','$.a'), json('["a\u0000b"]'), length(json_extract('["a\u0000b"]','$[0]')), json_array('a'||char(0)||'b')
a> select json_array_length('[1,2',1)
a> select json_type()
a> select json_extract('[1]')
a> select json_extract()
a> select json_valid()
a> select json()
a> select json_each('[1]')
a> select json_group_array()
a> select json_group_object(1)
a> select max(json_extract(value,'$.n')) from json_each('[{"n":1},{"n":3}]')
---
5
1 | 4
2 | 3
'[3,2]'
'[1,2]'
'{"a":1,"b":2}'
'[[1],[2]]'
'[1,null,"a"]'
'[]'
'{}'
1
0 | 0
1 | 1
'[1]'
'$'
(no rows)
(no rows)
2 | 2 | 9007199254740993 | inf | 1.2345678901234568e+20 | 'real' | 'integer' | -0.0
'{"a":"\\u00e9"}' | 'é' | '["a\\u0000b"]' | 1 | '["a\\u0000b"]'
OperationalError: malformed JSON
OperationalError: wrong number of arguments to function json_type()
NULL
NULL
OperationalError: wrong number of arguments to function json_valid()
OperationalError: wrong number of arguments to function json()
OperationalError: no such function: json_each
OperationalError: wrong number of arguments to function json_group_array()
OperationalError: wrong number of arguments to function json_group_object()
3

# Paths show labels with the escapes that they have in the document.
a> select key, fullkey from json_each('{"a\u0041":1,"\u0062":2,"x\/y":3,"t\tt":4,"q\"q":5,"b":6,"c d":7,"":8}')
a> select key, fullkey, path from json_tree('{"a\u0041":{"b\nb":[1]}}')
a> select fullkey from json_each(json_object('a"b', 1, 'ab', 2, 'a1', 3))
---
'aA' | '$."a\\u0041"'
'b' | '$."\\u0062"'
'x/y' | '$."x\\/y"'
't\tt' | '$."t\\tt"'
'q"q' | '$."q\\"q"'
'b' | '$.b'
'c d' | '$."c d"'
'' | '$.""'
NULL | '$' | '$'
'aA' | '$."a\\u0041"' | '$'
'b\nb' | '$."a\\u0041"."b\\nb"' | '$."a\\u0041"'
0 | '$."a\\u0041"."b\\nb"[0]' | '$."a\\u0041"."b\\nb"'
'$."a\\"b"'
'$.ab'
'$.a1'

