"""cleanvision over benchmark images, in an environment of its own under .bench, in one process."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from scripts.benchmarks.data import BENCH
from scripts.benchmarks.process import Cost, cost_of

VENV = BENCH / "cleanvision"
WANTED = "cleanvision==0.3.7"


def need_cleanvision() -> None:
    """Make the environment where it is not there. Raises CommandError where that fails."""
    ready = VENV / WANTED
    if not ready.exists():
        cost_of((sys.executable, "-m", "venv", "--clear", str(VENV)))
        cost_of((str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", WANTED))
        ready.touch()


def find_issues(registry: Path) -> Cost:
    """What cleanvision's checks of all images of a folder cost, its imports not counted."""
    inside = (str(VENV / "bin" / "python"), "-m", "scripts.benchmarks.inside_cleanvision")
    told = json.loads(cost_of((*inside, str(registry.parent / "images"))).output.splitlines()[-1])
    return Cost(told["wall"], told["processor"], str(told["images"]))
