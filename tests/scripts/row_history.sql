#! aerodb
# The changes of rows, commit by commit (INV-S5), also where states are rebuilt from the file.
a> PRAGMA history_retention = 1000
a> CREATE TABLE account(id INTEGER PRIMARY KEY, owner TEXT, balance INT)
a> INSERT INTO account VALUES (1, 'ada', 100), (2, 'bob', 50)
a> BEGIN
a> UPDATE account SET balance = balance - 30 WHERE id = 1
a> UPDATE account SET balance = balance + 30 WHERE id = 2
a> COMMIT
a> UPDATE account SET id = 3 WHERE id = 2
a> DELETE FROM account WHERE id = 1
a> [names] SELECT * FROM aerodb_history('account') ORDER BY commit_id, rowid_
a> SELECT operation, balance FROM aerodb_history('account', 1)
a> SELECT count(*) FROM aerodb_history('account') h JOIN account a ON a.id = h.rowid_
---
1000
ok
2 changed
ok
1 changed
1 changed
ok
1 changed
1 changed
commit_id, operation, rowid_, id, owner, balance
3 | 'INSERT' | 1 | 1 | 'ada' | 100
3 | 'INSERT' | 2 | 2 | 'bob' | 50
4 | 'UPDATE' | 1 | 1 | 'ada' | 70
4 | 'UPDATE' | 2 | 2 | 'bob' | 80
5 | 'DELETE' | 2 | 2 | 'bob' | 80
5 | 'INSERT' | 3 | 3 | 'bob' | 80
6 | 'DELETE' | 1 | 1 | 'ada' | 70
'INSERT' | 100
'UPDATE' | 70
'DELETE' | 70
1
