# Window functions: each function, frames, exclusions, named windows, groups, places in a query.
a> CREATE TABLE sale(id INTEGER PRIMARY KEY, shop TEXT, day INTEGER, amount INTEGER, rate REAL, note)
a> INSERT INTO sale VALUES (1, 'x', 1, 10, 0.5, NULL), (2, 'x', 2, 20, 0.25, 'a'), (3, 'y', 1, 5, 1.5, 'B'),
  (4, 'y', 3, 5, NULL, 'b'), (5, 'x', 4, 10, 2.5, 7), (6, 'z', 2, NULL, -0.5, 2.5), (7, 'y', 3, 40, 0.0, NULL)
---
ok
7 changed

a> SELECT id, row_number() OVER w, rank() OVER w, dense_rank() OVER w, percent_rank() OVER w, cume_dist() OVER w,
    ntile(3) OVER w FROM sale WINDOW w AS (ORDER BY amount) ORDER BY id
a> SELECT id, lag(amount) OVER w, lag(amount, 2, 'none') OVER w, lead(id, day - 1) OVER w, lead(note, 1, id) OVER w,
    first_value(id) OVER w, last_value(id) OVER w, nth_value(id, 2) OVER w
  FROM sale WINDOW w AS (PARTITION BY shop ORDER BY day, id)
a> SELECT id, sum(amount) OVER w, total(amount) OVER w, avg(amount) OVER w, count(amount) OVER w, count(*) OVER w,
    min(note) OVER w, max(note) OVER w, group_concat(note, '/') OVER w
  FROM sale WINDOW w AS (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)
---
1 | 4 | 4 | 3 | 0.5 | 0.7142857142857143 | 2
2 | 6 | 6 | 4 | 0.8333333333333334 | 0.8571428571428571 | 3
3 | 2 | 2 | 2 | 0.16666666666666666 | 0.42857142857142855 | 1
4 | 3 | 2 | 2 | 0.16666666666666666 | 0.42857142857142855 | 1
5 | 5 | 4 | 3 | 0.5 | 0.7142857142857143 | 2
6 | 1 | 1 | 1 | 0.0 | 0.14285714285714285 | 1
7 | 7 | 7 | 5 | 1.0 | 1.0 | 3
1 | NULL | 'none' | 1 | 'a' | 1 | 1 | NULL
2 | 10 | 'none' | 5 | 7 | 1 | 2 | 2
5 | 20 | 10 | NULL | 5 | 1 | 5 | 2
3 | NULL | 'none' | 3 | 'b' | 3 | 3 | NULL
4 | 5 | 'none' | NULL | NULL | 3 | 4 | 4
7 | 5 | 5 | NULL | 7 | 3 | 7 | 4
6 | NULL | 'none' | NULL | 6 | 6 | 6 | NULL
1 | 30 | 30.0 | 15.0 | 2 | 2 | 'a' | 'a' | 'a'
2 | 35 | 35.0 | 11.666666666666666 | 3 | 3 | 'B' | 'a' | 'a/B'
3 | 30 | 30.0 | 10.0 | 3 | 3 | 'B' | 'b' | 'a/B/b'
4 | 20 | 20.0 | 6.666666666666667 | 3 | 3 | 7 | 'b' | 'B/b/7'
5 | 15 | 15.0 | 7.5 | 2 | 3 | 2.5 | 'b' | 'b/7/2.5'
6 | 50 | 50.0 | 25.0 | 2 | 3 | 2.5 | 7 | '7/2.5'
7 | 40 | 40.0 | 40.0 | 1 | 2 | 2.5 | 2.5 | '2.5'

# The default frame goes to the last peer; without ORDER BY all rows are peers.
a> SELECT id, day, sum(amount) OVER (ORDER BY day), sum(amount) OVER (), sum(amount) OVER (PARTITION BY day) FROM sale
  ORDER BY id
a> SELECT id, sum(rate) OVER (ORDER BY day RANGE BETWEEN 1 PRECEDING AND CURRENT ROW),
    count(*) OVER (ORDER BY rate DESC RANGE BETWEEN 1 PRECEDING AND 0.5 FOLLOWING),
    group_concat(id) OVER (ORDER BY note RANGE BETWEEN 1 PRECEDING AND 1 PRECEDING)
  FROM sale ORDER BY id
a> SELECT id, group_concat(id) OVER (ORDER BY day GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW),
    group_concat(id) OVER (ORDER BY day GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE GROUP),
    group_concat(id) OVER (ORDER BY day GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES),
    group_concat(id) OVER (ORDER BY day ROWS 2 PRECEDING EXCLUDE NO OTHERS)
  FROM sale ORDER BY id
a> SELECT id, count(*) FILTER (WHERE amount > 5) OVER (ORDER BY id), sum(amount) FILTER (WHERE shop = 'x') OVER (ORDER BY id),
    group_concat(note) FILTER (WHERE amount) OVER (ORDER BY id ROWS 1 PRECEDING)
  FROM sale
a> SELECT id, rank() OVER (ORDER BY note COLLATE NOCASE DESC NULLS LAST), row_number() OVER (ORDER BY rate NULLS LAST)
  FROM sale ORDER BY id
a> SELECT count(*) OVER (ROWS BETWEEN 2 FOLLOWING AND 1 FOLLOWING), sum(id) OVER (ROWS BETWEEN 1 PRECEDING AND 2 PRECEDING),
    first_value(id) OVER (ROWS BETWEEN 3 FOLLOWING AND UNBOUNDED FOLLOWING) FROM sale
---
1 | 1 | 15 | 90 | 15
2 | 2 | 35 | 90 | 20
3 | 1 | 15 | 90 | 15
4 | 3 | 80 | 90 | 45
5 | 4 | 90 | 90 | 10
6 | 2 | 35 | 90 | 20
7 | 3 | 80 | 90 | 45
1 | 2.0 | 4 | '1,7'
2 | 1.75 | 3 | '2'
3 | 2.0 | 2 | '3'
4 | -0.25 | 1 | '4'
5 | 2.5 | 1 | NULL
6 | 1.75 | 4 | NULL
7 | -0.25 | 4 | '1,7'
1 | '3,2,6' | '2,6' | '1,2,6' | '1'
2 | '1,3,6,4,7' | '1,3,4,7' | '1,3,2,4,7' | '1,3,2'
3 | '1,2,6' | '2,6' | '3,2,6' | '1,3'
4 | '2,6,7,5' | '2,6,5' | '2,6,4,5' | '2,6,4'
5 | '4,7' | '4,7' | '4,7,5' | '4,7,5'
6 | '1,3,2,4,7' | '1,3,4,7' | '1,3,6,4,7' | '3,2,6'
7 | '2,6,4,5' | '2,6,5' | '2,6,7,5' | '6,4,7'
1 | 1 | 10 | NULL
2 | 2 | 30 | 'a'
3 | 2 | 30 | 'a,B'
4 | 2 | 30 | 'B,b'
5 | 3 | 40 | 'b,7'
6 | 3 | 40 | '7'
7 | 4 | 40 | NULL
1 | 6 | 4
2 | 3 | 3
3 | 1 | 5
4 | 1 | 7
5 | 4 | 6
6 | 5 | 1
7 | 6 | 2
0 | NULL | 4
0 | NULL | 5
0 | NULL | 6
0 | NULL | 7
0 | NULL | NULL
0 | NULL | NULL
0 | NULL | NULL

# Groups: aggregates are arguments; a window sees the groups, HAVING comes before.
a> SELECT shop, sum(amount), sum(sum(amount)) OVER (ORDER BY shop), rank() OVER (ORDER BY count(*) DESC), max(count(*)) OVER ()
  FROM sale GROUP BY shop HAVING count(*) > 1 ORDER BY shop
a> SELECT sum(count(*)) OVER (), count(*) FROM sale
a> SELECT DISTINCT shop, count(*) OVER (PARTITION BY shop) FROM sale ORDER BY shop DESC LIMIT 2
a> SELECT id FROM sale ORDER BY row_number() OVER (PARTITION BY shop ORDER BY id), shop LIMIT 4 OFFSET 1
a> SELECT row_number() OVER (), sum(7) OVER ()
a> SELECT row_number() OVER () + id * 10 AS n, n FROM sale, (SELECT 1 AS n) WHERE id < 3 ORDER BY n
---
'x' | 40 | 40 | 1 | 3
'y' | 50 | 90 | 1 | 3
7 | 7
'z' | 1
'y' | 3
3
6
2
4
1 | 7
11 | 1
22 | 1

# Subqueries, views, CTEs, compounds, DML.
a> SELECT * FROM (SELECT id, shop, row_number() OVER (PARTITION BY shop ORDER BY id DESC) AS n FROM sale) WHERE n = 1 AND shop <> 'z'
a> CREATE VIEW running AS SELECT id, shop, sum(amount) OVER (PARTITION BY shop ORDER BY id) AS total FROM sale
a> SELECT * FROM running WHERE shop = 'y'
a> SELECT r.id, r.total, s.day FROM running r JOIN sale s USING (id) WHERE s.day > 1 ORDER BY r.total, id
a> WITH r AS (SELECT id, rank() OVER (ORDER BY day) AS k FROM sale) SELECT a.id, b.id FROM r a JOIN r b ON a.k = b.k + 2 ORDER BY 1, 2
a> SELECT id, sum(id) OVER (ORDER BY id) FROM sale WHERE id < 3 UNION ALL SELECT day, count(*) OVER () FROM sale WHERE id > 5 ORDER BY 1, 2
a> SELECT id, (SELECT sum(s.amount) OVER (ORDER BY s.id) FROM sale s WHERE s.day = sale.day ORDER BY s.id DESC LIMIT 1) FROM sale
a> SELECT id FROM sale WHERE id IN (SELECT row_number() OVER (ORDER BY id) * 2 FROM sale)
a> CREATE TABLE top AS SELECT shop, max(total) OVER (PARTITION BY shop) AS best FROM running
a> INSERT INTO top SELECT 'all', count(*) OVER () FROM sale LIMIT 1
a> UPDATE top SET best = (SELECT sum(id) OVER () FROM sale) WHERE shop = 'all'
a> SELECT DISTINCT * FROM top ORDER BY 1
---
5 | 'x' | 1
7 | 'y' | 1
ok
3 | 'y' | 5
4 | 'y' | 10
7 | 'y' | 50
6 | NULL | 2
4 | 10 | 3
2 | 30 | 2
5 | 40 | 4
7 | 50 | 3
2 | 1
2 | 3
4 | 2
4 | 6
5 | 4
5 | 7
6 | 1
6 | 3
7 | 2
7 | 6
1 | 1
2 | 2
2 | 3
3 | 2
1 | 15
2 | 20
3 | 15
4 | 45
5 | 10
6 | 20
7 | 45
2
4
6
ok
1 changed
1 changed
'all' | 28
'x' | 40
'y' | 50
'z' | NULL

# JSON goes in and out as JSON.
a> SELECT json_group_array(json(json_quote(note))) OVER (ORDER BY id ROWS 2 PRECEDING) FROM sale WHERE note > ''
a> SELECT json_array(json_group_object(shop, amount) FILTER (WHERE amount) OVER (ORDER BY id)) FROM sale WHERE id < 4
---
'["a"]'
'["a","B"]'
'["a","B","b"]'
'[{"x":10}]'
'[{"x":10,"x":20}]'
'[{"x":10,"x":20,"y":5}]'

# Named windows extend earlier ones.
a> SELECT id, sum(id) OVER (b ROWS 1 PRECEDING), count(*) OVER b, max(id) OVER (a) FROM sale
  WINDOW a AS (PARTITION BY shop), b AS (a ORDER BY day DESC, id) ORDER BY id
a> [names] SELECT shop, sum(id)  OVER  w FROM sale WINDOW w AS (ORDER BY id) LIMIT 1
a> SELECT sum(id) OVER rows FROM sale WINDOW rows AS (ROWS CURRENT ROW) LIMIT 2
a> SELECT typeof(sum(amount) OVER w), typeof(total(amount) OVER w), typeof(sum(rate) OVER w), sum(rate) OVER w = 2.25 FROM sale
  WHERE id < 4 WINDOW w AS ()
a> SELECT id, max(note COLLATE NOCASE) OVER (ORDER BY id) FROM sale ORDER BY 2, 1
a> SELECT id, sum(amount) OVER (ORDER BY id ROWS ?1 PRECEDING) FROM sale
---
1 | 3 | 3 | 5
2 | 7 | 2 | 5
3 | 10 | 3 | 7
4 | 4 | 1 | 7
5 | 5 | 1 | 5
6 | 6 | 1 | 6
7 | 11 | 2 | 7
shop, sum(id)  OVER  w
'x' | 1
1
2
'integer' | 'real' | 'real' | 1
'integer' | 'real' | 'real' | 1
'integer' | 'real' | 'real' | 1
1 | NULL
2 | 'a'
3 | 'B'
4 | 'B'
5 | 'B'
6 | 'B'
7 | 'B'
ProgrammingError: Incorrect number of bindings supplied. The current statement uses 1, and there are 0 supplied.

