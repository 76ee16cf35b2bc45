"""`python -O` drops asserts: no verdict and no token of any profile may hang on one."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from tests.conftest import ROOT
from validator.trainers.registry import trainers

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The answers of two processes, without -O and with it."""
    found = []
    for flags in ([], ["-O"]):
        command = [sys.executable, *flags, "-m", "tests.trainers.under_o"]
        folder, environment = tmp_path_factory.mktemp("rows"), os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
        assert done.returncode == 0, done.stderr[-2000:]
        found.append(json.loads(done.stdout))
    return found


def test_the_rows_are_of_every_kind(both):
    plain, _ = both
    statuses = {name: Counter() for name in trainers()}
    for entry, answers in plain.items():
        statuses[entry.split()[0]].update(answer["status"] for answer in answers)
    assert all(min(counts["ok"], counts["error"] + counts["dropped"]) > 10 for counts in statuses.values()), statuses


@pytest.mark.parametrize("trainer", trainers())
def test_verdicts_are_the_same(both, trainer):
    plain, optimized = ({key: rows for key, rows in found.items() if key.split()[0] == trainer} for found in both)
    assert plain == optimized
