# What SQLite refuses in window functions, in its words.
a> CREATE TABLE t(a, b)
a> INSERT INTO t VALUES (1, 2), (2, 3), (NULL, 'x')
---
ok
3 changed

a> SELECT row_number() FROM t
a> SELECT sum(a) OVER () FROM t WHERE sum(a) OVER () > 1
a> SELECT a FROM t WHERE rank() OVER () = 1
a> SELECT row_number() OVER () AS n FROM t WHERE n = 1
a> SELECT row_number() OVER () AS n FROM t GROUP BY n
a> SELECT row_number() OVER () FROM t GROUP BY 1
a> SELECT a FROM t GROUP BY a HAVING sum(a) OVER () > 1
a> SELECT sum(row_number() OVER ()) FROM t
a> SELECT sum(sum(a) OVER ()) OVER () FROM t
a> SELECT sum(a) OVER (ORDER BY row_number() OVER ()) FROM t
a> SELECT sum(a) FILTER (WHERE rank() OVER ()) OVER () FROM t
a> SELECT a FROM t LIMIT row_number() OVER ()
a> INSERT INTO t VALUES (row_number() OVER (), 1)
a> UPDATE t SET a = sum(a) OVER ()
a> DELETE FROM t WHERE count(*) OVER () > 0
a> SELECT abs(a) OVER () FROM t
a> SELECT max(a, b) OVER () FROM t
a> SELECT nothing(a) OVER () FROM t
a> SELECT row_number(1) OVER () FROM t
a> SELECT lag() OVER () FROM t
a> SELECT sum(DISTINCT a) OVER () FROM t
a> SELECT rank() FILTER (WHERE a) OVER () FROM t
a> SELECT abs(a) FILTER (WHERE a) FROM t
a> WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT row_number() OVER () + x FROM r WHERE x < 3) SELECT * FROM r
---
OperationalError: misuse of window function row_number()
OperationalError: misuse of window function sum()
OperationalError: misuse of window function rank()
OperationalError: misuse of aliased window function n
OperationalError: misuse of aliased window function n
OperationalError: misuse of window function row_number()
OperationalError: misuse of window function sum()
OperationalError: misuse of window function row_number()
OperationalError: misuse of window function sum()
OperationalError: misuse of window function row_number()
OperationalError: misuse of window function rank()
OperationalError: misuse of window function row_number()
OperationalError: misuse of window function row_number()
OperationalError: misuse of window function sum()
OperationalError: misuse of window function count()
OperationalError: abs() may not be used as a window function
OperationalError: max() may not be used as a window function
OperationalError: near "nothing": syntax error
OperationalError: wrong number of arguments to function row_number()
OperationalError: wrong number of arguments to function lag()
OperationalError: DISTINCT is not supported for window functions
OperationalError: FILTER clause may only be used with aggregate window functions
OperationalError: FILTER may not be used with non-aggregate abs()
OperationalError: cannot use window functions in recursive queries

a> SELECT sum(a) OVER w FROM t
a> SELECT sum(a) OVER (w) FROM t WINDOW v AS ()
a> SELECT sum(a) OVER (w PARTITION BY b) FROM t WINDOW w AS (ORDER BY a)
a> SELECT sum(a) OVER (w ORDER BY b) FROM t WINDOW w AS (ORDER BY a)
a> SELECT sum(a) OVER (w) FROM t WINDOW w AS (ROWS CURRENT ROW)
a> SELECT a FROM t WINDOW w AS (ORDER BY a), v AS (w PARTITION BY a)
a> SELECT a FROM t WINDOW w AS (), v AS (u)
a> SELECT sum(a) OVER (ORDER BY missing) FROM t
---
OperationalError: no such window: w
OperationalError: no such window: w
OperationalError: cannot override PARTITION clause of window: w
OperationalError: cannot override ORDER BY clause of window: w
OperationalError: cannot override frame specification of window: w
OperationalError: cannot override PARTITION clause of window: w
OperationalError: no such window: u
OperationalError: no such column: missing

a> SELECT sum(a) OVER (ROWS -1 PRECEDING) FROM t
a> SELECT sum(a) OVER (ROWS a PRECEDING) FROM t
a> SELECT sum(a) OVER (ROWS BETWEEN 1 PRECEDING AND 'x' FOLLOWING) FROM t
a> SELECT sum(a) OVER (ORDER BY a GROUPS 1.5 PRECEDING) FROM t
a> SELECT sum(a) OVER (ORDER BY a RANGE 'x' PRECEDING) FROM t
a> SELECT sum(a) OVER (ORDER BY a RANGE BETWEEN CURRENT ROW AND -0.5 FOLLOWING) FROM t
a> SELECT sum(a) OVER (ROWS NULL PRECEDING) FROM t WHERE 0
a> SELECT sum(a) OVER (RANGE 1 PRECEDING) FROM t
a> SELECT sum(a) OVER (ORDER BY a, b RANGE 1 PRECEDING) FROM t
a> SELECT sum(a) OVER (ROWS BETWEEN CURRENT ROW AND 1 PRECEDING) FROM t
a> SELECT sum(a) OVER (ROWS BETWEEN 1 FOLLOWING AND CURRENT ROW) FROM t
a> SELECT sum(a) OVER (ROWS 1 FOLLOWING) FROM t
a> SELECT sum(a) OVER (ROWS UNBOUNDED FOLLOWING) FROM t
a> SELECT sum(a) OVER (ROWS BETWEEN CURRENT ROW AND UNBOUNDED PRECEDING) FROM t
a> SELECT sum(a) OVER (ROWS CURRENT) FROM t
a> SELECT sum(a) OVER (PARTITION a) FROM t
a> SELECT sum(a) OVER (ORDER BY a EXCLUDE TIES) FROM t
a> SELECT sum(a) OVER (ROWS CURRENT ROW EXCLUDE ALL) FROM t
a> SELECT sum(a) OVER (ORDER BY a
a> SELECT ntile(0) OVER () FROM t
a> SELECT ntile(NULL) OVER () FROM t
a> SELECT nth_value(a, 0) OVER () FROM t
a> SELECT nth_value(a, 1.5) OVER () FROM t
a> SELECT sum(9223372036854775807) OVER (ROWS 1 PRECEDING) FROM t
---
OperationalError: frame starting offset must be a non-negative integer
OperationalError: frame starting offset must be a non-negative integer
OperationalError: frame ending offset must be a non-negative integer
OperationalError: frame starting offset must be a non-negative integer
OperationalError: frame starting offset must be a non-negative number
OperationalError: frame ending offset must be a non-negative number
(no rows)
OperationalError: RANGE with offset PRECEDING/FOLLOWING requires one ORDER BY expression
OperationalError: RANGE with offset PRECEDING/FOLLOWING requires one ORDER BY expression
OperationalError: unsupported frame specification
OperationalError: unsupported frame specification
OperationalError: unsupported frame specification
OperationalError: near "FOLLOWING": syntax error
OperationalError: near "PRECEDING": syntax error
OperationalError: near ")": syntax error
OperationalError: near "a": syntax error
OperationalError: near "EXCLUDE": syntax error
OperationalError: near "ALL": syntax error
OperationalError: incomplete input
OperationalError: argument of ntile must be a positive integer
OperationalError: argument of ntile must be a positive integer
OperationalError: second argument to nth_value must be a positive integer
OperationalError: second argument to nth_value must be a positive integer
OperationalError: integer overflow

# Words of the syntax are names everywhere else.
a> CREATE TABLE over(window, filter, rows, range, groups, partition, preceding, unbounded, exclude)
a> INSERT INTO over VALUES (1, 2, 3, 4, 5, 6, 7, 8, 9)
a> SELECT window, filter, rows + range, groups, partition, preceding, unbounded, count(*) exclude FROM over AS window WHERE filter
a> SELECT sum(rows) OVER (window ORDER BY unbounded ROWS unbounded PRECEDING) over FROM over WINDOW window AS (PARTITION BY partition)
---
ok
1 changed
1 | 2 | 7 | 5 | 6 | 7 | 8 | 1
3

