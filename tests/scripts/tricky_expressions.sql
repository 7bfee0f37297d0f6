# Precedence, literals, classes, functions.

a> select 'a' || 'b' || null, 'a' || 1 + 2, 1 || 2 * 3, -'a' || 'b'
a> select 5 between 1 and 10 and 1, not 0 = 1, not (0 = 1), 1 is not null and 1, 2 > 1 > 0, 1 < 2 < 2
a> select 1 + 2 * 3 - 4 / 2 % 3, 1 << 2 + 1, 1 | 2 & 3, ~1 + 1, -2 * -3, - -2, +'abc', 2 * 3 || 4
a> select 1 in (1,2) = 1, 1 = 1 in (1), 'a' like 'A' = 1, 1 is 1 is 1, null is null is null, 1 = 2 is 0
a> select 1 collate nocase, 'a' collate nocase || 'B' = 'AB', ('a' || 'B') collate nocase = 'ab', 'a' = 'A' collate nocase and 1
a> select case 1 when 1 then case 2 when 2 then 'x' end end, case when null then 1 else 2 end, case null when null then 1 else 2 end, case when 'a' then 1 end
a> select exists(select 1) + 1, (select 1) + (select 2), (select null) is null, (select 1 where 0) is null, (select 1 union select 2)
a> select cast('1' || '2' as int) + 1, cast(1 as text) || 2, cast(null as int), cast('' as int), cast('-' as int), cast('+5' as int), cast('1e1' as int), cast(-0.5 as int), cast(1e19 as int), cast('99999999999999999999' as int)
a> select typeof(1), typeof(1.0), typeof('a'), typeof(x'00'), typeof(null), typeof(1+1.0), typeof('1'+1), typeof('1.0'+1), typeof(1/2), typeof(1||1), typeof(-'1'), typeof(+'1'), typeof(not 1), typeof(1=1), typeof(~1.5)
a> select 1e308*10, -1e308*10, 1e308*10-1e308*10, 0.1+0.2, 1e15, 1e16, 123456789.123456789, 1.0, 100000000000000000000.0, 1e-5, 0.00001, 1.5e300, 3.0e0, .1, -0.0, 0.0=-0.0
a> select 9223372036854775807, 9223372036854775808, -9223372036854775808, -9223372036854775809, 9223372036854775807+0, 9223372036854775807+1, 9223372036854775807*1.0, 4611686018427387904*2
a> select true, false, true+1, "true", 'true', true is 1, true = 'true', typeof(true), not true, -true
a> select 1 as "a b", 2 as [c d], 3 as `e`, 4 as 'f', 5 as g, 6 h, 7 "i", 8 'j'
a> select 1 a, 1 as a, 1 "a"
a> select a.* from (select 1 as x, 2 as x) a
a> select x from (select 1 as x, 2 as x)
a> select * from (select 1 as x, 2 as x), (select 3 as x)
a> select *, * from (select 1 as p)
a> select p.*, p.a from (select 1 as a) p
a> select (select 1 as a), (select 2) b
a> select abs(-1), ABS(-1), Abs( -1 ), "abs"(-1), abs (-1)
a> select 1,2,3 limit 1
a> select   1   +   1
a> select 1/*c*/+/*d*/1 -- e
a> select 'it''s', "it""s", [it's], `it``s`
a> select like('A','a'), glob('A','a'), 'a' like 'A', 'a' glob 'A', 'ab' like 'a_', 'ab' like 'a%b', '%' like '\%' escape '\', 'a' not like 'b', 'a' not glob 'b', 'abc' like '%B%', 'é' like 'É'
a> select 'a' match 'b'
a> select 'abc' like 'abc' escape 'ab'
a> select 'abc' like 'abc' escape ''
a> select substr('abc', 2), substr('abc', -2), substring('abc',1,1), upper('é'), lower('ÀB'), trim('  a'), length('é'), hex('é'), unicode('é'), char(233), instr('abc','c'), replace('aaa','a','b'), round(1.5), abs(-1.5), sign(-3)
---
NULL | 2 | 36 | '0b'
1 | 1 | 1 | 1 | 1 | 1
5 | 8 | 3 | -1 | 6 | 2 | 'abc' | 68
1 | 1 | 1 | 1 | 0 | 1
1 | 1 | 1 | 1
'x' | 2 | 2 | NULL
2 | 3 | 1 | 1 | 1
13 | '12' | NULL | 0 | 0 | 5 | 1 | 0 | 9223372036854775807 | 9223372036854775807
'integer' | 'real' | 'text' | 'blob' | 'null' | 'real' | 'integer' | 'real' | 'integer' | 'text' | 'integer' | 'text' | 'integer' | 'integer' | 'integer'
inf | -inf | NULL | 0.30000000000000004 | 1000000000000000.0 | 1e+16 | 123456789.12345679 | 1.0 | 1e+20 | 1e-05 | 1e-05 | 1.5e+300 | 3.0 | 0.1 | -0.0 | 1
9223372036854775807 | 9.223372036854776e+18 | -9223372036854775808 | -9.223372036854776e+18 | 9223372036854775807 | 9.223372036854776e+18 | 9.223372036854776e+18 | 9.223372036854776e+18
1 | 0 | 2 | 'true' | 'true' | 1 | 0 | 'integer' | 0 | -1
1 | 2 | 3 | 4 | 5 | 6 | 7 | 8
1 | 1 | 1
1 | 2
1
1 | 2 | 3
1 | 1
1 | 1
1 | 2
1 | 1 | 1 | 1 | 1
1 | 2 | 3
2
2
OperationalError: no such column: it's
1 | 0 | 1 | 0 | 1 | 1 | 1 | 1 | 1 | 1 | 0
OperationalError: unable to use function MATCH in the requested context
OperationalError: ESCAPE expression must be a single character
OperationalError: ESCAPE expression must be a single character
'bc' | 'bc' | 'a' | 'é' | 'Àb' | 'a' | 1 | 'C3A9' | 233 | 'é' | 3 | 'bbb' | 2.0 | 1.5 | -1

a> select printf('%5.2f|%-5s|%05d|%x|%c|%%|%q', 3.14159, 'ab', 42, 255, 'z', 'it''s')
a> select sqrt(16), pow(2,10), power(2,0.5), exp(0), ln(1), log(100), log10(1000), log2(8), log(2,8), pi(), sin(0), cos(0), tan(0), asin(0), acos(1), atan(1), atan2(1,1), degrees(pi()), radians(180), ceil(1.2), ceiling(-1.2), floor(1.8), trunc(-1.8), mod(7,3), mod(-7,3), sinh(0), cosh(0), tanh(0), asinh(0), acosh(1), atanh(0)
a> select sqrt(-1), ln(0), ln(-1), log(0), log2('x'), acos(2), mod(1,0), pow(0,-1), sqrt('a'), sqrt(null), sqrt('4'), ceil('1.5'), ceil('x'), floor(5), typeof(floor(5)), typeof(floor(5.5)), trunc(1e300), mod(5.5,2), atanh(1), acosh(0)
---
" 3.14|ab   |00042|ff|z|%|it''s"
4.0 | 1024.0 | 1.4142135623730951 | 1.0 | 0.0 | 2.0 | 2.9999999999999996 | 3.0 | 3.0 | 3.141592653589793 | 0.0 | 1.0 | 0.0 | 0.0 | 0.0 | 0.7853981633974483 | 0.7853981633974483 | 180.0 | 3.141592653589793 | 2.0 | -1.0 | 1.0 | -1.0 | 1.0 | -1.0 | 0.0 | 1.0 | 0.0 | 0.0 | 0.0 | 0.0
NULL | NULL | NULL | NULL | NULL | NULL | NULL | inf | NULL | NULL | 2.0 | 2.0 | NULL | 5 | 'integer' | 'real' | 1e+300 | 1.5 | inf | NULL
