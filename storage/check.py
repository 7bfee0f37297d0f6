"""Is a whole state sound? Structure of every tree, and catalog against trees. Problems are told, not raised.

What is checked
    every tree of the directory, and the directory itself: order, sizes, depth, separators (INV-D2)
    the kind of keys: rowids in table trees; in index trees tuples that end in the entry's rowid
    the catalog: it decodes (INV-S4); each table and index has its tree, of the right kind; no tree is without owner
    the counters: `next_tree` and `next_object` lie beyond all ids in use

`integrity_check` adds what needs keys and expressions (index against table, INV-D3; column constraints). Example: a
branch whose size is wrong gives ``tree 7 (t): a branch says 3 entries and has 2``.
"""

from __future__ import annotations

from collections.abc import Iterator

from aerodb_dbapi.storage.catalog import CATALOG_TREE, FIRST_USER_TREE, META_TREE, Index, Schema, Table
from aerodb_dbapi.storage.root import Root
from aerodb_dbapi.storage.tree import Tree, check

__all__ = ["check", "check_root", "check_tree"]


def check_tree(tree: Tree) -> list[str]:
    """What is wrong with a tree: its structure, then its keys. Empty if it is sound."""
    return check(tree) or list(_key_problems(tree))


def _key_problems(tree: Tree) -> Iterator[str]:
    for keys, values in tree.batches():
        if tree.kind == "table":
            if set(map(type, keys)) != {int}:
                yield "a key that is not an integer"
        elif tree.kind == "index" and (set(map(type, keys)) != {tuple} or [key[-1] for key in keys] != list(values)):
            yield "an entry whose key does not end in its rowid"


def check_root(root: Root) -> list[str]:
    """What is wrong with a state. Empty if it is sound."""
    problems = [f"directory: {line}" for line in check_tree(root.directory)]
    trees = dict(root.directory.scan())
    try:
        schema = Schema(root.trees[CATALOG_TREE].scan(), root.commit_id)
    except (TypeError, ValueError, IndexError) as error:
        return [*problems, f"the catalog does not decode: {error}"]
    owners = {CATALOG_TREE: ("catalog", "table"), META_TREE: ("meta", "map")}
    for item in schema.objects.values():
        if isinstance(item, Table):
            owners[item.tree] = (item.name, "table")
        elif isinstance(item, Index):
            owners[item.tree] = (item.name, "index")
    for tree_id, (name, kind) in owners.items():
        if tree_id not in trees:
            problems.append(f"tree {tree_id} ({name}) is missing")
        elif trees[tree_id].kind != kind:
            problems.append(f"tree {tree_id} ({name}) is of kind {trees[tree_id].kind}, not {kind}")
    for tree_id, tree in trees.items():
        name = owners[tree_id][0] if tree_id in owners else "without owner"
        problems += [f"tree {tree_id} ({name}): {line}" for line in check_tree(tree)]
    return problems + list(
        _counter_problems(root, set(trees) - owners.keys(), max(trees), max(schema.objects, default=0))
    )


def _counter_problems(root: Root, stray: set[int], last_tree: int, last_object: int) -> Iterator[str]:
    for tree_id in sorted(stray):
        yield f"tree {tree_id} belongs to no table or index"
    meta = root.trees[META_TREE]
    if meta.get("next_tree", FIRST_USER_TREE) <= last_tree:
        yield f"the next tree id is not beyond {last_tree}"
    if meta.get("next_object", 1) <= last_object:
        yield f"the next object id is not beyond {last_object}"
