"""Broken statements: the statements of a list with tokens dropped, doubled, swapped, cut off or replaced.

Example: from ``DROP TABLE IF EXISTS t`` come ``DROP TABLE IF IF EXISTS t``, ``DROP t``, ``DROP TABLE IF 'x EXISTS t``.
"""

from __future__ import annotations

import random
import re

STATEMENTS = [
    "select a, b from t where a = 1 and b like 'x%' order by a desc limit 3 offset 1",
    "insert into t(a,b) values (1,'x'),(2,'y') on conflict(a) do update set b = excluded.b where a > 1 returning *",
    "update t set b = 'q', c = c + 1 from u where t.a = u.k and u.v is not null",
    "delete from t where a in (select k from u) returning a",
    "create table x(a integer primary key autoincrement, b text not null default 'z' collate nocase, check (a > 0))",
    "create unique index if not exists i on t(a, lower(b) desc) where c > 1",
    "create trigger g after update of b on t when new.a > 1 begin insert into u values (new.a, old.b); end",
    "create temp view vv(a) as select a from t",
    "with recursive n(i) as (values (1) union all select i + 1 from n where i < 5) select * from n limit 9",
    "select count(*) filter (where a > 1) over (partition by b order by c rows between 1 preceding and current row) from t",
    "select case a when 1 then 'x' else 'y' end, cast(b as text), a between 1 and 2, x'61', 1.5e3, :p, ?1 from t natural join w",
    "alter table t rename column a to z",
    "alter table t add column d int default 5",
    "drop table if exists t",
    "pragma table_info(t)",
    "savepoint s",
    "begin immediate",
    "select a from t union all select k from u intersect select 1 except values (1),(2)",
    "explain query plan select 1",
    "reindex t",
    "replace into t default values",
    "select json_extract('{}', '$.a') -> 'b', (1,2) = (select 1,2), a collate nocase, -a, ~b, a || b from t indexed by i",
]
TOKEN = re.compile(r"\s+|'[^']*'|x'[^']*'|\w+|[^\w\s]")
ODD = [*"'\"`[](),;?@:#$", "--", "/*", "0x", "1e", "?0", "''", "\x00", "é", "9" * 30, "not", "as", "end", "=="]
WORDS = [*ODD, *(word for text in STATEMENTS for word in TOKEN.findall(text) if word.strip())]


def broken(chance: random.Random) -> str:
    """A statement with one to three things wrong."""
    tokens = TOKEN.findall(chance.choice(STATEMENTS))
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        kind, place = chance.randrange(6), chance.randrange(len(tokens))
        if kind == 0:
            del tokens[place]
        elif kind == 1:
            tokens.insert(place, f" {chance.choice(WORDS)} ")
        elif kind == 2:
            tokens[place] = chance.choice(WORDS)
        elif kind == 3:
            del tokens[place:]
        elif kind == 4:
            other = chance.randrange(len(tokens))
            tokens[place], tokens[other] = tokens[other], tokens[place]
        else:
            tokens.insert(place, tokens[chance.randrange(len(tokens))])
        tokens = tokens or [" "]
    return "".join(tokens)
