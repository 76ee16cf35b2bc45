"""What tests need beyond the main environment, and the marks of those that need it.

Marks of kind `proof`: `./scripts/test` leaves such tests out, `./scripts/test --all` runs them. Where what a test needs
is missing, it is skipped, and the reason names the command that brings it in any clone.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.browser.chromium import find_chromium

ROOT = Path(__file__).resolve().parents[1]
ORACLE = Path(os.environ.get("MMVALIDATE_ORACLE", ROOT / ".oracle" / "venv"))
"""The environment of the real trainer."""
VOCABULARY = ORACLE / "qwen.tiktoken"


def trainer_home(name: str) -> Path:
    """The environment of one of the other trainers."""
    return Path(os.environ.get("MMVALIDATE_TRAINERS", ROOT / ".trainers")) / name


@dataclass(frozen=True)
class Environment:
    """Something that a command brings."""

    missing: str
    """A sentence for where it is not there."""
    command: str
    is_there: Callable[[], bool]

    def need(self) -> None:
        """Skip the test that runs now where this is not there."""
        if not self.is_there():
            pytest.skip(f"{self.missing}: run {self.command}")


oracle = Environment("the real trainer is not installed", "./scripts/oracle", VOCABULARY.exists)
replay = Environment(
    "torch is not in this environment",
    "./scripts/replay_env, then .replay/venv/bin/python -m pytest tests/replay",
    lambda: find_spec("torch") is not None,
)
browser = Environment(
    "there is no Chromium", "./scripts/browser", lambda: bool(find_spec("playwright") and find_chromium())
)

DEMO_DATA = ROOT / ".demo_data" / "llamafactory-0.9.5" / "data"
"""LLaMA-Factory's own demo data, as published with the release that the oracle is."""
needs_demo_data = pytest.mark.skipif(
    not DEMO_DATA.exists(), reason="LLaMA-Factory's demo data is not here: run ./scripts/demo_data"
)
needs_oracle = pytest.mark.proof(oracle)
needs_replay = pytest.mark.proof(replay)
needs_browser = pytest.mark.proof(browser)


def needs_trainer(name: str) -> pytest.MarkDecorator:
    """The mark of tests that ask one of the trainers beside the oracle, whose torch it shares."""
    ready = trainer_home(name) / "ready"
    trainer = Environment(f"{name} is not installed", f"./scripts/trainers {name}", ready.exists)
    return pytest.mark.proof(oracle, trainer)


def skip_without(item: pytest.Item) -> None:
    """Skip a test where one of the environments of its marks is missing."""
    for mark in item.iter_markers("proof"):
        for environment in mark.args:
            environment.need()
