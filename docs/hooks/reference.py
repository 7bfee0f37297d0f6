"""For the reference: makes docstrings and signatures, as they stand in the source, fit for pages. An extension of griffe, which reads them.

Sessions of an interpreter stand in docstrings without a fence, which Markdown would take for nested quotations; what doctest would run
is fenced, and so are paragraphs that are indented. `connect` hands its arguments on as they come: it is shown with those of `Connection`.
"""

from __future__ import annotations

from typing import Any

import griffe


class Reference(griffe.Extension):
    """Rewrites what is read, object by object."""

    def on_instance(self, *, obj: Any, **_: Any) -> None:
        """One module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)

    def on_package(self, *, pkg: Any, **_: Any) -> None:
        """All is read."""
        module = pkg["connection"]
        parameters = [one for one in module["Connection.__init__"].parameters if one.name != "self"]
        module["connect"].parameters = griffe.Parameters(*parameters)


def fenced(text: str) -> str:
    """`text` with fences around its doctests and indented paragraphs, which are examples too."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        begins = line.startswith((">>> ", "    "))
        if begins and not inside and (not lines or not lines[-1].strip()):
            inside = True
            lines.append("```python")
        elif inside and not line.strip():
            inside = False
            lines.append("```")
        lines.append(line[4:] if inside and line.startswith("    ") else line)
    return "\n".join([*lines, "```"] if inside else lines)
