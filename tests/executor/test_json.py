"""JSON beyond what SQLite 3.40 knows: JSON5, JSONB, json_pretty, flags; expected values are from SQLite's documentation
(https://www.sqlite.org/json1.html, https://www.sqlite.org/jsonb.html)."""

from __future__ import annotations

import random
from typing import Any

import pytest

import aerodb_dbapi
from aerodb_dbapi.executor.functions import json_binary, json_nodes
from aerodb_dbapi.executor.functions.json_text import Malformed, read


def value(sql: str, *values: Any) -> Any:
    connection = aerodb_dbapi.connect(":memory:")
    try:
        return connection.execute(f"SELECT {sql}", values).fetchone()[0]
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a: 1}", '{"a":1}'),
        ("{'a': 'b\"c'}", '{"a":"b\\"c"}'),
        ("[1, 2,]", "[1,2]"),
        ("{a: [1, /* two */ 2], // end\n }", '{"a":[1,2]}'),
        ("[.5, 5., +7, -0x1F, 0xff]", "[0.5,5.0,7,-31,255]"),
        ("[Infinity, -Infinity, NaN]", "[9e999,-9e999,null]"),
        ("'a\\\nb\\x41\\v\\0'", '"ab\\u0041\\u000b\\u0000"'),
        ("{$x_1: null, été: true}", '{"$x_1":null,"été":true}'),
        ("\u00a0[1]\ufeff", "[1]"),
        ("[0x10000000000000000]", "[9.0e999]"),
    ],
)
def test_json5(text: str, expected: str) -> None:
    assert value("json(?)", text) == expected
    assert value("json_valid(?)", text) == 0 and value("json_valid(?, 2)", text) == 1
    assert value("json(jsonb(?))", text) == expected


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("[1,2", 5), ("[1 2]", 4), ("{\"a\":}", 6), ("{\"a\" 1}", 6), ("[1,,2]", 4), ("", 1), ("[1]x", 4), ("[01]", 3),
        ("\"a\\qb\"", 4), ("nul", 1), ("[1.]}", 5), ("{true:1}", 2), ("1e", 2), ("TRUE", 1), ("[\"é\",x]", 6),
    ],
)  # fmt: skip
def test_positions_of_errors(text: str, position: int) -> None:
    with pytest.raises(Malformed) as caught:
        read(text)
    assert caught.value.position + 1 == position
    assert value("json_error_position(?)", text) == position
    with pytest.raises(aerodb_dbapi.OperationalError, match="malformed JSON"):
        value("json(?)", text)


def test_depth_is_limited_and_costs_no_recursion() -> None:
    deep = "[" * 1000 + "]" * 1000
    assert value("json(?)", deep) == deep
    assert value("json(jsonb(?))", deep) == deep
    assert value("json_valid(?)", "[" * 1001 + "]" * 1001) == 0
    nested = '{"a":' * 900 + "1.50" + "}" * 900
    assert value("json(?)", nested) == nested
    assert value("json_pretty(?)", nested).count("\n") == 1800


@pytest.mark.parametrize(
    ("sql", "binary"),
    [
        ("jsonb('null')", "00"),
        ("jsonb('[1,\"a\"]')", "4b13311761"),
        ("jsonb('{\"a\":true}')", "3c176101"),
        ("jsonb('2.5')", "35322e35"),
        ("jsonb('.5')", "262e35"),
        ("jsonb('0x1f')", "4430783166"),
        ("jsonb('\"a\\nb\"')", "48615c6e62"),
        ("jsonb(\"'a'\")", "1761"),
        ("jsonb_set('{}', '$.a', 'x')", "4c17611a78"),
        ("jsonb_array(1, NULL)", "3b133100"),
        ("jsonb_extract('[[1]]', '$[0]')", "2b1331"),
        ("jsonb('\"abcdefghijkl\"')", "c70c6162636465666768696a6b6c"),
    ],
)
def test_binary_form(sql: str, binary: str) -> None:
    assert value(sql).hex() == binary


def test_binary_form_is_read_by_the_text_functions() -> None:
    blob = value('jsonb(\'{"a":[1,2.50,"x\\u0041"]}\')')
    assert value("json(?)", blob) == '{"a":[1,2.50,"x\\u0041"]}'
    assert value("json_extract(?, '$.a[2]')", blob) == "xA"
    assert value("? ->> '$.a[1]'", blob) == 2.5
    assert value("json_array(?)", blob) == '[{"a":[1,2.50,"x\\u0041"]}]'
    assert value("json_valid(?)", blob) == 0
    assert value("json_valid(?, 4)", blob) == 1 and value("json_valid(?, 8)", blob) == 1
    assert value("json(jsonb_remove(?, '$.a[0]'))", blob) == '{"a":[2.50,"x\\u0041"]}'
    assert value("typeof(jsonb_group_array(1))") == "blob"


@pytest.mark.parametrize(
    ("blob", "flags"), [("1b", 0), ("4b133117", 0), ("3c1761", 0), ("2b1300", 4), ("1378", 4), ("2c0000", 4)]
)
def test_damaged_binary_form(blob: str, flags: int) -> None:
    data = bytes.fromhex(blob)
    assert value("json_valid(?, 8)", data) == 0
    assert value("json_valid(?, 4)", data) == (1 if flags else 0)
    with pytest.raises(aerodb_dbapi.OperationalError, match="malformed JSON"):
        value("json(?)", data)


def test_a_blob_of_text_is_text() -> None:
    assert value("json(x'5b315d')") == "[1]"


@pytest.mark.parametrize("seed", range(30))
def test_random_documents_survive_the_binary_form(seed: int) -> None:
    chance = random.Random(seed)

    def made(depth: int) -> str:
        kind = chance.random()
        if depth == 0 or kind < 0.4:
            return str(
                chance.choice(
                    ["1", "-0", "1.50", "1e5", "true", "null", '"x"', '"\\u00e9"', '"a\\nb"', '"' + "l" * 300 + '"']
                )
            )
        parts = [made(depth - 1) for _ in range(chance.randrange(5))]
        if kind < 0.7:
            return f"[{','.join(parts)}]"
        return "{" + ",".join(f'"{chance.choice("abc")}":{part}' for part in parts) + "}"

    for _ in range(20):
        text = made(4)
        node = read(text)[0]
        assert json_nodes.render(node) == text
        assert json_nodes.render(json_binary.decode(json_binary.encode(node))) == text


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("json_pretty('[]')", "[]"),
        (
            "json_pretty('{\"a\":[1,{\"b\":null}],\"c\":{}}')",
            '{\n    "a": [\n        1,\n        {\n            "b": null\n        }\n    ],\n    "c": {}\n}',
        ),
        ("json_pretty('[1]', '-')", "[\n-1\n]"),
        ("'{\"a.b\":1}' -> 'a.b'", "1"),
        ("'{\"0\":1}' ->> '0'", 1),
        ("'[5,6]' ->> '[1]'", 6),
        ("'[5,6]' ->> -1", 6),
        ("'[5,6]' ->> -3", None),
        ("'{}' -> -1", None),
        ("json_set('{}', '$.a[#].b', 1)", '{"a":[{"b":1}]}'),
        ("json_insert('[1]', '$[#]', json('[]'))", "[1,[]]"),
        ("json_array(9e999, -9e999)", "[9.0e+999,-9.0e+999]"),
        ("json_extract('[9e999]', '$[0]')", float("inf")),
        ("json_extract('[0xffffffffffffffff]', '$[0]')", -1),
        ("json_type('[NaN]', '$[0]')", "null"),
    ],
)  # fmt: skip
def test_values(sql: str, expected: Any) -> None:
    assert value(sql) == expected


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("json_extract('{}', 'a')", "bad JSON path: 'a'"),
        ("json_extract('{}', '$.')", "bad JSON path: '$.'"),
        ("json_extract('[1]', '$[x]')", "bad JSON path: '$[x]'"),
        ("'[1]' -> '$[-1]'", "bad JSON path: '$[-1]'"),
        ("'{}' -> ''", "bad JSON path: ''"),
        ("json_set('{}', '$.a')", "json_set() needs an odd number of arguments"),
        ("json_object('a')", "json_object() requires an even number of arguments"),
        ("json_object(1, 2)", "json_object() labels must be TEXT"),
        ("json_array(x'ff')", "JSON cannot hold BLOB values"),
        ("json_valid('1', 16)", "FLAGS parameter to json_valid() must be between 1 and 15"),
    ],
)
def test_errors(sql: str, message: str) -> None:
    with pytest.raises(aerodb_dbapi.OperationalError) as caught:
        value(sql)
    assert str(caught.value) == message


def test_a_path_error_is_found_only_where_the_look_up_gets() -> None:
    assert value("json_extract('{}', '$.a[x')") is None
