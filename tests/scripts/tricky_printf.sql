# printf() and the core functions.

a> select printf('%d %5d %-5d| %05d %+d % d %,d', 42, 42, 42, 42, 42, 42, 1234567)
a> select printf('%d', 9223372036854775807), printf('%d', 1e20), printf('%d','12abc'), printf('%d', null), printf('%d', x'31'), printf('%i',3.99)
a> select printf('%x %X %#x %o %#o %08x', 255, 255, 255, 8, 8, 255), printf('%x', -1), printf('%u', -1), printf('%u', 5)
a> select printf('%f %.2f %10.3f %-10.3f| %+f %e %E %g %G', 3.14159, 3.14159, 3.14159, 3.14159, 3.14159, 314.159, 314.159, 0.0001, 1e-10)
a> select printf('%g', 100000), printf('%g',1000000), printf('%g', 1e15), printf('%#g', 1), printf('%g',0.00001234), printf('%.3g', 1234.5), printf('%!g', 1.0/3), printf('%!f',0.1), printf('%!.20f', 0.1)
a> select printf('%.0f', 0.5), printf('%.0f', 1.5), printf('%.0f', 2.5), printf('%.1f', 0.25), printf('%.1f', 0.35), printf('%.15f', 0.1), printf('%.20f', 0.1), printf('%f', 1e300), printf('%f', 1e15)
a> select printf('%s %10s %-10s| %.2s %c %5c %-5c|', 'abc', 'abc', 'abc', 'abc', 'xyz', 'xyz', 'xyz')
a> select printf('%q %Q %w', 'it''s', 'it''s', 'a"b'), printf('%q %Q %w', null, null, null), printf('%Q', 5), printf('%.2q', 'a''b')
a> select printf('%%'), printf('%'), printf('%5'), printf('%z'), printf('%d%'), printf('abc%'), printf(''), printf(null), printf(), printf(5), printf(5.5), printf(x'414243')
a> select printf('%*d', 5, 42), printf('%-*d|', 5, 42), printf('%.*f', 2, 3.14159), printf('%*d', -5, 42), printf('%*d|', null, 42), printf('%*.*f|', 10, 2, 3.14159)
a> select printf('%lld %ld %hd %llu', 1,2,3,4), printf('%p', 255), printf('%n', 5), printf('%r', 5), printf('%r', 11), printf('%r',12), printf('%r',13), printf('%r', 22), printf('%r', 101)
a> select printf('%05s', 'a'), printf('%+s', 'a'), printf('%,d', -1234567), printf('%,.2f', 1234567.891), printf('%+,d', 1234), printf('%,x', 65536), printf('%010,d', 1234567)
a> select printf('%f %e %g', 1e400, 1e400, -1e400), printf('%d', 1e400), printf('%s', 1e400), printf('%5f|', 1e400), printf('%05f|', -1e400), printf('%f', 'inf'), printf('%+f', 1e400)
a> select printf('%.10d', 42), printf('%.3x', 10), printf('%8.3d|', 42), printf('%-8.3d|', 42), printf('%+.3d', 42), printf('%#X', 255), printf('%#x', 0)
a> select printf('%e', 0), printf('%g', 0), printf('%f', 0), printf('%f', -0.0), printf('%g', -0.0), printf('%+d', 0), printf('% d', -1), printf('% f', 1)
a> select printf('%.100f', 1), length(printf('%.500f', 1)), length(printf('%500d', 1)), printf('%.40g', 0.1), printf('%!.40g', 0.1)
a> select format('%s', 'a'), format('%d-%d', 1), format('%2$s', 'a', 'b')
a> select printf('%j', 'a'), printf('%T','a'), printf('%S','a'), printf('%b', 5), printf('%a', 1.5), printf('%B', 'a')
a> select printf('%-05d|', 42), printf('%0-5d|', 42), printf('%+ d', 42), printf('% +d', 42), printf('%0+5d', 42), printf('%05d', -42), printf('%!d', 42), printf('%''d', 1234567)
a> select printf('a%sb%sc', 'X'), printf('%s%s', 'a', 'b', 'c'), printf('%d %s', '5', 5), printf('%s', printf('%d', 3))
a> select printf('%.*s|%.*q', 1e16, 'abc', 1000000001, 'd')
a> select printf('%.3s|%.10s|%10.2s|', 'abcdef', 'abc', 'abcdef'), printf('%.0s|', 'abc'), printf('%.s|', 'abc'), printf('%.-1s|','abc'), printf('%.f', 2.5), printf('%-.f|', 2.5)
a> select quote(1.0), quote(1e100), quote(0.1), quote(1.0/3), quote(-0.0), quote(1e400), quote('a''b'), quote(x'00ff'), quote(null), quote(123456789012345678), quote(9.5e-7)
a> select round(2.5), round(-2.5), round(1.005,2), round(123.456,-1), round(1e300,2), round('x'), round(null), round(5,null), round(2.4999999999999996), round(0.5), round(1.45,1), round(9007199254740993.0)
a> select substr('hello',2,3), substr('hello',-3), substr('hello',-3,2), substr('hello',0), substr('hello',0,2), substr('hello',2,-1), substr('hello',-1,-2), substr('hello',10), substr(x'010203',2), substr('hello',2.9), substr(12345,2,2), substr(null,1), substr('a',null), substr('héllo',2,1)
a> select trim('  a '), trim('xaxx','x'), ltrim('abc','ba'), rtrim('abc','cb'), trim(null), trim('a',null), trim('éaé','é'), trim(5), trim('','x'), trim('abc',''), typeof(trim(5))
a> select replace('abc','b','x'), replace('abc','','x'), replace('aaa','a','aa'), replace(null,'a','b'), replace('a',null,'b'), replace('a','a',null), replace(121,1,'x'), replace('abc','B','x'), replace(x'414243','B','x')
a> select instr('hello','l'), instr('hello',''), instr('','a'), instr(x'0102',x'02'), instr('a',null), instr(123,2), instr('héllo','l'), instr(x'68c3a96c','l')
a> select abs(-9223372036854775808)
a> select abs('-5'), abs('x'), abs(null), abs(-0.0), abs(x'2d35'), typeof(abs('5')), abs(-9223372036854775807)
a> select max(1,'a'), max(1,null), min(1,'a',x'00'), max('a'), max(), min(1), max('a' collate nocase,'B'), min('B','a' collate nocase), max(1,1.0), typeof(max(1,1.0)), typeof(max(1.0,1))
---
'42    42 42   | 00042 +42  42 1,234,567'
'9223372036854775807' | '9223372036854775807' | '12' | '0' | '1' | '3'
'ff FF 0xff 10 010 000000ff' | 'ffffffffffffffff' | '18446744073709551615' | '5'
'3.141590 3.14      3.142 3.142     | +3.141590 3.141590e+02 3.141590E+02 0.0001 1E-10'
'100000' | '1e+06' | '1e+15' | '1.00000' | '1.234e-05' | '1.23e+03' | '0.333333' | '0.1' | '0.10000000000000000556'
'1' | '2' | '3' | '0.3' | '0.4' | '0.100000000000000' | '0.10000000000000000000' | '1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000.000000' | '1000000000000000.000000'
'abc        abc abc       | ab x     x x    |'
'it\'\'s \'it\'\'s\' a""b' | '(NULL) NULL (NULL)' | "'5'" | "a''"
'%' | '%' | NULL | '' | '0%' | 'abc%' | NULL | NULL | NULL | '5' | '5.5' | 'ABC'
'   42' | '42   |' | '3.14' | '42   ' | '42|' | '      3.14|'
'1 2 ' | 'FF' | '' | '5th' | '11th' | '12th' | '13th' | '22nd' | '101st'
'    a' | 'a' | '-1,234,567' | '1234567.89' | '+1,234' | '10000' | NULL
'Inf Inf -Inf' | '9223372036854775807' | 'Inf' | '  Inf|' | ' -Inf|' | '0.000000' | '+Inf'
'0000000042' | '00a' | '     042|' | '042     |' | '+042' | '0XFF' | '0'
'0.000000e+00' | '0' | '0.000000' | '0.000000' | '0' | '+0' | '-1' | ' 1.000000'
'1.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000' | 502 | 500 | '0.1' | '0.10000000000000000555111512'
'a' | '1-0' | NULL
NULL | NULL | NULL | NULL | NULL | NULL
'00042|' | '00042|' | ' 42' | '+42' | '+0042' | '-0042' | '42' | NULL
'aXbc' | 'ab' | '5 5' | '3'
'abc|d'
'abc|abc|        ab|' | '|' | '|' | NULL | '3' | '3|'
'1.0' | '1.0e+100' | '0.1' | '3.33333333333333314829e-01' | '0.0' | 'Inf' | "'a''b'" | "X'00FF'" | 'NULL' | '123456789012345678' | '9.5e-07'
3.0 | -3.0 | 1.01 | 123.0 | 1e+300 | 0.0 | NULL | NULL | 2.0 | 1.0 | 1.5 | 9007199254740992.0
'ell' | 'llo' | 'll' | 'hello' | 'h' | 'h' | 'll' | '' | x'0203' | 'ello' | '23' | NULL | NULL | 'é'
'a' | 'a' | 'c' | 'a' | NULL | NULL | 'a' | '5' | '' | 'abc' | 'text'
'axc' | 'abc' | 'aaaaaa' | NULL | NULL | NULL | 'x2x' | 'abc' | 'AxC'
3 | 1 | 0 | 2 | NULL | 2 | 3 | 3
OperationalError: integer overflow
5.0 | 0.0 | NULL | -0.0 | 5.0 | 'real' | 9223372036854775807
OperationalError: wrong number of arguments to function max()

a> select coalesce(1), coalesce(), ifnull(1), nullif(1), nullif(1,1.0), nullif('a','A'), nullif('a' collate nocase,'A'), iif(1,2), iif(0,2), iif(null,1,2)
a> select like('a%','abc'), like('A','a'), glob('a*','abc'), like('a!%','a%','!'), like('a','b',''), like('a','b','xx'), 'a%' like 'a!%' escape '!', 'a' like null, null like 'a', 'a' like 'a' escape null, 'abc' glob 'a[b-d]c', 'a-c' glob 'a[b-]c', 'a]c' glob 'a[]]c', 'abc' glob 'a[^b]c', 'a' like x'61', 1 like 1, 1.0 like '1.0'
a> select sign(-2), sign('x'), sign(0.0), sign(null), sign('5'), typeof(sign(2.5)), sign(x'31')
a> select soundex('Robert'), soundex(null), soundex(''), soundex('123')
a> select likelihood(1,0.5), likelihood(1,2), likely(1), unlikely(0), likelihood(1,'a')
---
OperationalError: wrong number of arguments to function coalesce()
OperationalError: ESCAPE expression must be a single character
-1 | NULL | 0 | NULL | 1 | 'integer' | NULL
'R163' | '?000' | '?000' | '?000'
OperationalError: second argument to likelihood() must be a constant between 0.0 and 1.0
