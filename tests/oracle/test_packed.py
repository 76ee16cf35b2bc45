"""Packed data files as the releases of `datasets` read them: the golden verdicts of the quick tier are their own."""

import base64
import gzip
import json
import random
from pathlib import Path

import pytest

from tests.environments import ORACLE, needs_oracle, needs_trainer, trainer_home
from tests.judges import ask
from tests.unit.packed_cases import CASES, GOLDEN, GOLDEN_FILE, rows

RELEASES = {
    "4.0.0": (ORACLE, needs_oracle),
    "4.8.4": (trainer_home("ms-swift"), needs_trainer("ms-swift")),
    "5.2.0": (trainer_home("hf"), needs_trainer("hf")),
}


def verdicts(home: Path, *steps: tuple[object, str, bytes]) -> tuple[str, list]:
    given = [(case, name, base64.b64encode(content).decode()) for case, name, content in steps]
    return tuple(ask(home, "tests.oracle.judge_packed", given=given))


def of_all_cases(home: Path) -> tuple[str, dict]:
    steps = [(number, f"data.{name.rpartition('.')[2]}", data) for number, (name, data) in enumerate(CASES.items())]
    version, answers = verdicts(home, *steps)
    return version, dict(zip(CASES, answers, strict=True))


@pytest.mark.parametrize("release", [pytest.param(name, marks=mark) for name, (_, mark) in RELEASES.items()])
def test_golden_verdicts_are_the_releases_own(release):
    version, answers = of_all_cases(RELEASES[release][0])
    if version != release:
        pytest.skip(f"the environment has datasets {version}")
    assert {name: [name, answer] for name, answer in answers.items()} == {
        name: [name, GOLDEN[release][name]] for name in CASES
    }


@needs_oracle
def test_what_was_unpacked_is_kept_under_the_path():
    """DI020: after a change the old rows are read; and after an error, at the second start, those before it."""
    dice = random.Random(0)
    numbers = rows(*(f"{dice.random()}" for _ in range(60_000))).replace(b'{"a": "', b"").replace(b'"}', b"")
    cut = gzip.compress(numbers, mtime=0)[:-9000]
    _, answers = verdicts(
        ORACLE,
        ("changed", "data.json", gzip.compress(rows("old"), mtime=0)),
        ("changed", "data.json", gzip.compress(rows("new"), mtime=0)),
        ("cut", "data.txt", cut),
        ("cut", "data.txt", cut),
    )
    assert answers[:2] == [["old"], ["old"]]
    assert answers[2] == "EOFError: Compressed file ended before the end-of-stream marker was reached"
    assert 50_000 < len(answers[3]) < 60_000


def write_golden() -> None:
    """Write the golden verdicts anew; all environments must be there."""
    golden = dict(of_all_cases(home) for home, _ in RELEASES.values())
    GOLDEN_FILE.write_text(json.dumps(golden, indent=0, sort_keys=True) + "\n")
