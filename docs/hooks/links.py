"""For the site: links to files of the repository that are no pages go to the repository; comments for the tests are left out."""

from __future__ import annotations

import re
from typing import Any

_COMMENT = re.compile(r"^<!-- (?:not run:[^\n]*|hidden \w+\n.*?^)-->\n", re.M | re.S)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page without what only the tests read."""
    return _COMMENT.sub("", markdown)
