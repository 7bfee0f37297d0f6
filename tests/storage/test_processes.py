"""Several processes on one file, played by several databases in this one (`tests/process_play.py`). Random steps are compared
with a model; `test_readonly.py` has the same with readers beside."""

from __future__ import annotations

from pathlib import Path

import pytest
from process_play import Play


@pytest.mark.parametrize("seed", range(12))
def test_random_steps_of_processes_equal_a_model(tmp_path: Path, seed: int) -> None:
    """INV-P1, INV-P2, INV-P3: all see one order of commits, and what anybody reads stays as it was."""
    play = Play(tmp_path, seed, 2 + seed % 3)
    for _ in range(150):
        play.step()
    play.end()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 300))
def test_many_random_steps_of_processes_equal_a_model(tmp_path: Path, seed: int) -> None:
    play = Play(tmp_path, seed, 2 + seed % 4)
    for _ in range(600):
        play.step()
    play.end()
