-- Sixty questions about the Chinook database. A line "-- N name" begins each; "(ordered)" says that row order is part of the
-- answer, otherwise rows are compared as a multiset.

-- 1 all of a small table
SELECT * FROM Genre;
-- 2 columns as written
SELECT GenreId+0, Name  ||'!', upper( Name ) FROM Genre;
-- 3 point by rowid alias
SELECT * FROM Track WHERE TrackId = 1234;
-- 4 rowid and alias are one (ordered)
SELECT rowid, ArtistId, oid = _rowid_ FROM Artist WHERE ArtistId BETWEEN 10 AND 14 ORDER BY rowid DESC;
-- 5 text equality
SELECT AlbumId, Title FROM Album WHERE Title = 'Let There Be Rock';
-- 6 like, any case
SELECT Name FROM Artist WHERE Name LIKE '%BLACK%';
-- 7 glob, exact case
SELECT Name FROM Artist WHERE Name GLOB 'B*k*';
-- 8 like with escape
SELECT Name FROM Track WHERE Name LIKE '%!%%' ESCAPE '!';
-- 9 in list
SELECT Name, MediaTypeId FROM Track WHERE GenreId IN (3, 7, 25) AND Milliseconds > 300000;
-- 10 not in
SELECT DISTINCT BillingCountry FROM Invoice WHERE BillingCountry NOT IN ('USA', 'Canada', 'France');
-- 11 null tests
SELECT count(*), count(Company), count(DISTINCT Company), sum(Fax IS NULL), sum(State IS NOT NULL) FROM Customer;
-- 12 top n (ordered)
SELECT Name, Milliseconds FROM Track ORDER BY Milliseconds DESC, Name LIMIT 10;
-- 13 limit and offset (ordered)
SELECT InvoiceId, Total FROM Invoice ORDER BY Total DESC, InvoiceId LIMIT 7 OFFSET 5;
-- 14 inner join of three
SELECT ar.Name, al.Title, t.Name FROM Artist ar JOIN Album al ON al.ArtistId = ar.ArtistId JOIN Track t USING (AlbumId) WHERE ar.Name = 'Queen';
-- 15 comma join
SELECT c.LastName, i.Total FROM Customer c, Invoice i WHERE c.CustomerId = i.CustomerId AND i.Total > 15;
-- 16 left join, no match kept
SELECT ar.Name, count(al.AlbumId) FROM Artist ar LEFT JOIN Album al ON al.ArtistId = ar.ArtistId GROUP BY ar.ArtistId HAVING count(al.AlbumId) = 0;
-- 17 left join with condition on the right side
SELECT e.LastName, c.LastName FROM Employee e LEFT JOIN Customer c ON c.SupportRepId = e.EmployeeId AND c.Country = 'Brazil';
-- 18 right join
SELECT al.Title, ar.Name FROM Album al RIGHT JOIN Artist ar ON ar.ArtistId = al.ArtistId WHERE ar.ArtistId > 240;
-- 19 full join
SELECT g.Name, m.Name FROM Genre g FULL JOIN MediaType m ON g.GenreId = m.MediaTypeId + 3;
-- 20 natural join
SELECT count(*), min(Title), max(Name) FROM Album NATURAL JOIN Artist;
-- 21 cross join
SELECT g.Name, m.Name FROM Genre g CROSS JOIN MediaType m WHERE g.GenreId < 4;
-- 22 self join (ordered)
SELECT e.FirstName || ' ' || e.LastName AS employee, b.LastName AS boss FROM Employee e LEFT JOIN Employee b ON b.EmployeeId = e.ReportsTo ORDER BY e.EmployeeId;
-- 23 five tables
SELECT c.Country, g.Name, count(*) AS n FROM Customer c JOIN Invoice i USING (CustomerId) JOIN InvoiceLine l USING (InvoiceId) JOIN Track t USING (TrackId) JOIN Genre g USING (GenreId) GROUP BY c.Country, g.Name HAVING n > 20;
-- 24 join on an inequality
SELECT a.Name, b.Name FROM MediaType a JOIN MediaType b ON a.MediaTypeId < b.MediaTypeId;
-- 25 using gives one column
SELECT * FROM Album JOIN Artist USING (ArtistId) WHERE AlbumId < 4;
-- 26 star of one table
SELECT g.*, count(*) FROM Genre g JOIN Track t ON t.GenreId = g.GenreId GROUP BY g.GenreId;
-- 27 group, order by aggregate (ordered)
SELECT BillingCountry, count(*) AS invoices, round(sum(Total), 2) AS revenue FROM Invoice GROUP BY BillingCountry ORDER BY revenue DESC, 1;
-- 28 group by expression
SELECT substr(InvoiceDate, 1, 4) AS year, count(*), round(avg(Total), 4), min(Total), max(Total) FROM Invoice GROUP BY substr(InvoiceDate, 1, 4);
-- 29 group by ordinal, having (ordered)
SELECT Composer, count(*) FROM Track WHERE Composer IS NOT NULL GROUP BY 1 HAVING count(*) > 20 ORDER BY 2 DESC, 1;
-- 30 aggregate over nothing
SELECT count(*), sum(Total), avg(Total), max(Total), total(Total), group_concat(Total) FROM Invoice WHERE Total > 1000;
-- 31 distinct pairs
SELECT DISTINCT MediaTypeId, GenreId FROM Track WHERE UnitPrice > 1;
-- 32 count distinct and filter
SELECT count(DISTINCT BillingCity), count(*) FILTER (WHERE Total > 10), sum(Total) FILTER (WHERE BillingCountry = 'USA') > 500 FROM Invoice;
-- 33 bare column with max
SELECT CustomerId, InvoiceDate, max(Total) FROM Invoice GROUP BY CustomerId;
-- 34 having without group
SELECT count(*) FROM Track HAVING count(*) > 3000;
-- 35 scalar subquery
SELECT Name, (SELECT count(*) FROM Album WHERE Album.ArtistId = Artist.ArtistId) AS albums FROM Artist WHERE ArtistId <= 20;
-- 36 correlated exists
SELECT Name FROM Artist a WHERE EXISTS (SELECT 1 FROM Album b WHERE b.ArtistId = a.ArtistId AND b.Title LIKE 'The %');
-- 37 correlated not exists
SELECT Name FROM Track t WHERE NOT EXISTS (SELECT * FROM InvoiceLine l WHERE l.TrackId = t.TrackId) AND t.AlbumId < 10;
-- 38 in subquery
SELECT LastName FROM Customer WHERE CustomerId IN (SELECT CustomerId FROM Invoice GROUP BY CustomerId HAVING sum(Total) > 42);
-- 39 not in subquery with nulls
SELECT count(*) FROM Employee WHERE EmployeeId NOT IN (SELECT ReportsTo FROM Employee);
-- 40 compare with an aggregate of all
SELECT Name, Milliseconds FROM Track WHERE Milliseconds > (SELECT avg(Milliseconds) * 8 FROM Track);
-- 41 subquery in from (ordered)
SELECT country, n FROM (SELECT Country AS country, count(*) AS n FROM Customer GROUP BY Country) WHERE n > 2 ORDER BY n DESC, country;
-- 42 nested three deep
SELECT Name FROM Genre WHERE GenreId IN (SELECT GenreId FROM Track WHERE TrackId IN (SELECT TrackId FROM InvoiceLine WHERE InvoiceId IN (SELECT InvoiceId FROM Invoice WHERE Total > 20)));
-- 43 correlated, two levels out
SELECT LastName FROM Customer c WHERE EXISTS (SELECT 1 FROM Invoice i WHERE i.CustomerId = c.CustomerId AND EXISTS (SELECT 1 FROM InvoiceLine l WHERE l.InvoiceId = i.InvoiceId AND l.UnitPrice > 1.5 AND c.Country = 'USA'));
-- 44 subquery in the select list, with a join inside
SELECT i.InvoiceId, (SELECT group_concat(g.Name, ',') FROM InvoiceLine l JOIN Track t USING (TrackId) JOIN Genre g USING (GenreId) WHERE l.InvoiceId = i.InvoiceId AND g.GenreId = 1) FROM Invoice i WHERE i.InvoiceId < 8;
-- 45 greatest per group by correlated maximum
SELECT i.CustomerId, i.InvoiceId, i.Total FROM Invoice i WHERE i.Total = (SELECT max(Total) FROM Invoice x WHERE x.CustomerId = i.CustomerId) AND i.CustomerId < 12;
-- 46 union
SELECT City FROM Customer WHERE Country = 'USA' UNION SELECT City FROM Employee;
-- 47 union all with order and limit (ordered)
SELECT 'c' AS kind, LastName FROM Customer UNION ALL SELECT 'e', LastName FROM Employee ORDER BY LastName, kind LIMIT 15;
-- 48 intersect and except
SELECT Country FROM Customer INTERSECT SELECT BillingCountry FROM Invoice WHERE Total > 13 EXCEPT SELECT 'USA';
-- 49 cte
WITH spend AS (SELECT CustomerId, sum(Total) AS total FROM Invoice GROUP BY CustomerId), best AS (SELECT max(total) AS top FROM spend) SELECT c.LastName, round(s.total, 2) FROM spend s JOIN Customer c USING (CustomerId), best b WHERE s.total > b.top * 0.9;
-- 50 recursive cte over the hierarchy (ordered)
WITH RECURSIVE chain(id, name, depth) AS (SELECT EmployeeId, LastName, 0 FROM Employee WHERE ReportsTo IS NULL UNION ALL SELECT e.EmployeeId, e.LastName, depth + 1 FROM Employee e JOIN chain ON e.ReportsTo = chain.id) SELECT depth, name FROM chain ORDER BY depth, name;
-- 51 recursive cte counting
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12) SELECT i, (SELECT count(*) FROM Invoice WHERE CAST(substr(InvoiceDate, 6, 2) AS INTEGER) = i) FROM n;
-- 52 searched case
SELECT CASE WHEN Milliseconds < 60000 THEN 'short' WHEN Milliseconds < 600000 THEN 'song' ELSE 'long' END AS length, count(*) FROM Track GROUP BY length;
-- 53 simple case with null
SELECT LastName, CASE Company WHEN 'Google Inc.' THEN 1 WHEN NULL THEN 2 ELSE 0 END FROM Customer WHERE Country = 'USA';
-- 54 casts and integer division
SELECT InvoiceId, CAST(Total AS INTEGER), CAST(Total AS TEXT), InvoiceId / 7, InvoiceId % 7, -InvoiceId / 7.0, typeof(Total) FROM Invoice WHERE InvoiceId < 20;
-- 55 strings
SELECT lower(LastName), length(Email), instr(Email, '@'), substr(Email, instr(Email, '@') + 1), replace(Phone, ' ', ''), trim(PostalCode, '0') FROM Customer WHERE CustomerId <= 25;
-- 56 dates as text
SELECT InvoiceDate, date(InvoiceDate, '+1 month'), strftime('%Y-%W', InvoiceDate), julianday(InvoiceDate) FROM Invoice WHERE InvoiceDate >= '2023-06-01' AND InvoiceDate < '2023-07-01';
-- 57 age in years by text arithmetic (ordered)
SELECT LastName, HireDate, CAST(strftime('%Y', HireDate) AS INTEGER) - CAST(strftime('%Y', BirthDate) AS INTEGER) AS age FROM Employee ORDER BY age, LastName;
-- 58 collation in comparison and order (ordered)
SELECT DISTINCT BillingCity FROM Invoice WHERE BillingCity COLLATE NOCASE < 'bud' ORDER BY BillingCity COLLATE NOCASE DESC;
-- 59 coalesce, nullif, iif, min and max of many
SELECT CustomerId, coalesce(State, Country), nullif(Country, 'USA'), iif(Company IS NULL, 'person', 'firm'), max(length(City), length(Country)) FROM Customer WHERE CustomerId < 15;
-- 60 row values and between
SELECT PlaylistId, TrackId FROM PlaylistTrack WHERE (PlaylistId, TrackId) IN ((1, 3402), (17, 2), (99, 1)) OR TrackId BETWEEN 3500 AND 3503 AND PlaylistId > 1;
