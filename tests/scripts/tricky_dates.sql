# Modifiers and formats of dates.

a> select date('2024-01-01','weekday 0'), date('2024-01-01','weekday 1'), date('2024-01-01','weekday 7'), date('2024-01-01','weekday -1'), date('2024-01-01','weekday 1.5')
a> select datetime('2024-01-01T12:34:56Z'), datetime('2024-01-01 12:34:56+02:30'), datetime('2024-01-01 12:34:56 -02:30'), datetime('2024-01-01 12:34+15:00'), datetime('2024-01-01 12:34:56z')
a> select julianday('2000-01-01'), julianday('-4713-11-24 12:00'), julianday(0), date(2451545), date(-1), date(5373485), datetime(5373484.4999999)
a> select datetime(1700000000,'auto'), datetime(2460000.5,'auto'), datetime(-1,'auto'), date(0,'auto'), date(5373485,'auto'), datetime('1700000000','auto'), datetime('2024-01-01','auto')
a> select strftime('%d|%f|%H|%j|%J|%m|%M|%s|%S|%w|%W|%Y','2005-01-01 00:00:00')
a> select date('2024-01-01','start of month','+1 month','-1 day'), date('2024-05-15','start of year'), datetime('2024-05-15 12:34','start of day'), datetime('2024-05-15 12:34','start of hour')
a> select date('2024-01-01','+1.5 days'), datetime('2024-01-01','+1.5 days'), datetime('2024-01-01','+0.5 months'), datetime('2024-01-01','+1.5 years'), datetime('2024-01-01','-1.5 months')
a> select date('2024-01-01','1 day'), date('2024-01-01','+1day'), date('2024-01-01','+1 DAYS'), date('2024-01-01','+ 1 day'), date('2024-01-01','+1  day'), date('2024-01-01',' +1 day'), date('2024-01-01','+1 day ')
a> select date('2024-01-01','+1 century'), date('2024-01-01',null), date('2024-01-01',''), date('2024-01-01',5), date(null), date(''), date('x'), date('2024'), date('2024-1-1'), date('2024-13-01'), date('2024-00-10')
a> select time('24:00'), time('23:60'), time('23:59:60'), time('1:00'), time('01:00:00.'), time('01:00:0'), time('01'), time('-01:00')
a> select date(2460310.5,'unixepoch'), date(2460310.5,'julianday'), date('2460310.5','julianday'), date('2024-01-01','julianday'), date('2024-01-01','unixepoch'), date(0,'+1 day','unixepoch')
a> select strftime('%s','2024-01-01 00:00:00.999'), strftime('%f','2024-01-01 00:00:59.9996'), strftime('%S','2024-01-01 00:00:59.9996'), datetime('2024-01-01 00:00:59.9999999')
a> select date('-0001-01-01'), date('0000-01-01'), date('-4714-11-24'), date('9999-12-31','+1 day'), date('10000-01-01'), datetime('9999-12-31 23:59:59','+1 second'), date('0000-01-01','-1 day'), date('-4713-11-24','-1 day')
a> select date('2024-02-29','+1 year'), date('2024-02-29','-1 year'), date('2024-03-31','-1 month'), date('2024-12-31','+2 months'), date('2024-01-01','+1000000 days'), date('2024-01-01','+10000000 days'), date('2024-01-01','+120000 months'), date('2024-01-01','-9999 years')
a> select datetime('2024-01-01','+1e3 seconds'), datetime('2024-01-01','+.5 hours'), datetime('2024-01-01','+1,5 hours'), datetime('2024-01-01','++1 hours'), datetime('2024-01-01','+0x10 hours'), datetime('2024-01-01','+inf hours')
a> select datetime(2460310), datetime(2460310.1), datetime('2460310.1'), datetime(' 2460310.1'), datetime('2460310.1x'), datetime(1e400), datetime(x'32303234')
a> select date('2024-01-01 '), date(' 2024-01-01'), date('2024-01-01x'), date('2024-01-01 12'), date('2024-01-01  12:00'), date('2024-01-01T 12:00'), datetime('2024-01-01 12:00:00.123456789Z'), datetime('2024-01-01 12:00 +01:00 '), datetime('2024-01-01 12:00Zx')
a> select date(1,2,3), time('12:00','+1 hour','+1 minute','+1 second','start of day')
a> select datetime('2024-06-15 12:00:00', 'start of month', '+14 days', 'weekday 2', '+1 month', '-1 year')
a> select subtype(1)
---
'2024-01-07' | '2024-01-01' | NULL | NULL | NULL
'2024-01-01 12:34:56' | '2024-01-01 10:04:56' | '2024-01-01 15:04:56' | NULL | '2024-01-01 12:34:56'
2451544.5 | 0.0 | 0.0 | '2000-01-01' | NULL | NULL | '9999-12-31 23:59:59'
'2023-11-14 22:13:20' | '2023-02-25 00:00:00' | '1969-12-31 23:59:59' | '-4713-11-24' | '1970-03-04' | '2023-11-14 22:13:20' | '2024-01-01 00:00:00'
'01|00.000|00|001|2453371.5|01|00|1104537600|00|6|00|2005'
'2024-01-31' | '2024-01-01' | '2024-05-15 00:00:00' | NULL
'2024-01-02' | '2024-01-02 12:00:00' | '2024-01-16 00:00:00' | '2025-07-02 12:00:00' | '2023-11-16 00:00:00'
'2024-01-02' | NULL | '2024-01-02' | NULL | '2024-01-02' | NULL | NULL
NULL | NULL | NULL | NULL | NULL | NULL | NULL | '-4707-06-09' | NULL | NULL | NULL
'24:00:00' | NULL | NULL | NULL | NULL | NULL | '12:00:00' | NULL
'1970-01-29' | '2024-01-01' | '2024-01-01' | NULL | NULL | NULL
'1704067200' | '59.999' | '59' | '2024-01-01 00:00:59'
'-0001-01-01' | '0000-01-01' | NULL | NULL | NULL | NULL | '-0001-12-31' | NULL
'2025-03-01' | '2023-03-01' | '2024-03-02' | '2025-03-03' | '4761-11-28' | NULL | NULL | NULL
'2024-01-01 00:16:40' | '2024-01-01 00:30:00' | NULL | NULL | NULL | NULL
'2023-12-31 12:00:00' | '2023-12-31 14:24:00' | '2023-12-31 14:24:00' | '2023-12-31 14:24:00' | NULL | NULL | '-4707-06-09 12:00:00'
'2024-01-01' | NULL | NULL | NULL | '2024-01-01' | '2024-01-01' | '2024-01-01 12:00:00' | '2024-01-01 11:00:00' | NULL
NULL | '00:00:00'
'2023-07-18 00:00:00'
0
