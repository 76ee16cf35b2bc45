"""The two tiers of the tests: `./scripts/test`, the same at every run, and `./scripts/test --all`, the full proof.

Tests with the mark `proof` run in the second tier alone. Those with the mark `larger` run in both: on a few inputs, the
same at every run, and then on many; all that Hypothesis draws for has it, and its many are drawn anew.
"""

import os
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

PROOF = os.environ.get("MMVALIDATE_PROOF") == "1"
"""./scripts/test sets it for the second tier."""


def draw_examples() -> None:
    """Settle how many examples Hypothesis draws, and whether they are the same at every run."""
    checks = list(HealthCheck)  # of how quick examples are drawn
    count = many(12, 100)
    settings.register_profile(
        "tier", max_examples=count, derandomize=not PROOF, deadline=None, suppress_health_check=checks
    )
    settings.load_profile("tier")


def many(quick: int, proof: int) -> int:
    """How many inputs a test with the mark `larger` draws in the tier that runs."""
    return proof if PROOF else quick


def first(quick: int, values: Iterable[Any]) -> list[Any]:
    """Values of a parameter that cost seconds each: so many of them run in both tiers, the others in the proof."""
    listed = list(values)
    return [*listed[:quick], *(pytest.param(*_several(value), marks=pytest.mark.proof) for value in listed[quick:])]


def _several(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
