"""Taking over a checkpoint that another process made, without loading again what is in memory.

A root read from the file has nothing in memory. Nodes that an older root of this process has of the very same blocks are put in
their places. Example: the checkpoint has written one leaf of a thousand anew; 999 keep the node that is loaded, with its rows.

Not here: when a checkpoint is taken over (`sharing.py`).
"""

from __future__ import annotations

from typing import Any

from aerodb_dbapi.storage.catalog import CATALOG_TREE
from aerodb_dbapi.storage.nodes import Branch, is_loaded
from aerodb_dbapi.storage.root import Root, SchemaCell
from aerodb_dbapi.storage.tree import Tree


def graft(before: Root, root: Root) -> Root:
    """A root from the file that keeps the nodes which `before` has of the same blocks, so that they need not be loaded again."""
    for tree_id, tree in root.trees.items():
        old = before.trees.get(tree_id)
        if old is not None and len(tree) and len(old):
            known: dict[int, Any] = {}
            _gather(old.node, known)
            if len(known) > 1:
                root.trees[tree_id] = Tree.of(_kept(tree.node, known), tree.kind, tree.unique_prefix)
    return root


def _gather(node: Any, known: dict[int, Any]) -> None:
    """The nodes with blocks in a tree, as far as it is loaded, by offset."""
    source = getattr(node, "source", None)
    if source is not None:
        known[source.pointer_of(node).offset] = node
    if node.__class__ is Branch and is_loaded(node):
        for child in node.children:
            _gather(child, known)


def _kept(node: Any, known: dict[int, Any]) -> Any:
    """A node of the new tree, or the one known of the same block. Branches that are not known are loaded to look below."""
    same = known.get(node.source.pointer_of(node).offset)
    if same is not None and _place(same) == _place(node):
        return same
    if node.__class__ is Branch:
        children, keys = node.children, node.keys
        node.children, node.keys = tuple([_kept(child, known) for child in children]), keys
    return node


def _place(node: Any) -> Any:
    """Where the content of a node comes from."""
    return node.source.pointer_of(node), node.source.edits_of(node)


def schema_cell(before: Root, root: Root) -> SchemaCell:
    """The schema of the root: the very one of before if the definitions are the same, for compiled statements hang on it."""
    if list(before.trees[CATALOG_TREE].scan()) == list(root.trees[CATALOG_TREE].scan()):
        return before.cell
    return root.cell
