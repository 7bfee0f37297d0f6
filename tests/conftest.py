"""Settings of the whole suite.

Hypothesis: no deadlines, for machines are noisy. Under continuous integration its examples are the same in every run; by hand
they are new each time, and a failure prints how to run it again.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("by hand", deadline=None)
settings.register_profile("integration", deadline=None, derandomize=True)
settings.load_profile("integration" if os.environ.get("CI") else "by hand")
