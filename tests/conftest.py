"""Settings of the whole suite.

Hypothesis: no deadlines, for machines are noisy. Under continuous integration its examples are the same in every run; by hand
they are new each time, and a failure prints how to run it again.

Figures: what tests put into the property "crashes" as (name, count) is summed and printed at the end.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from hypothesis import settings

settings.register_profile("by hand", deadline=None)
settings.register_profile("integration", deadline=None, derandomize=True)
settings.load_profile("integration" if os.environ.get("CI") else "by hand")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many crash points the session met, and how many interleavings it ran."""
    sums: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "teardown":
                for name, value in report.user_properties:
                    if name == "crashes":
                        sums[value[0]] += value[1]
    if sums:
        terminalreporter.write_line("; ".join(f"{name}: {count:,}" for name, count in sums.items()))
