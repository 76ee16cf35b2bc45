"""DeepSpeed's configurations: what transformers, accelerate and DeepSpeed itself say of 420, and what we say.

The golden answers were made by the real parsers of the releases named in it (`judge_deepspeed.py`); where a release is
installed (`./scripts/trainers deepspeed-0.19.8`) it is asked again.
"""

import gzip
import json
import re
from pathlib import Path

import pytest

from tests.environments import needs_trainer, trainer_home
from tests.judges import ask
from tests.trainers.deepspeed_files import cases
from validator.training.config import make_config
from validator.training.deepspeed_parser.verdict import refusals
from validator.training.versions import Versions

FILE = Path(__file__).with_name("golden_deepspeed.json.gz")
RELEASES = ("0.14.4", "0.16.9", "0.18.5", "0.19.2", "0.19.8")
NOT_JUDGED = {}


def golden():
    return json.loads(gzip.decompress(FILE.read_bytes()))


def ours(case, release):
    """Our first refusal, as the trainer would stop at it."""
    given = {key: value for key, value in case["arguments"].items() if key != "world_size"}
    versions = Versions({"deepspeed": release, "transformers": "5.6.0"}, frozenset())
    world = case["arguments"]["world_size"]
    found = refusals(case["config"], make_config(given), versions=versions, world=world, hidden=64)
    return found[0] if found else None


def differs(mine, real):
    """How our first refusal differs from the real one, None where it does not."""
    if mine is None or real is None:
        return None if mine is real else "verdict"
    if mine.error != real["error"]:
        return "exception"
    if any(real["keys"]):
        return None if any(f".{mine.key}".endswith(f".{key}") for key in real["keys"]) else "key"
    words = mine.says.split(": ", 1)[-1] if mine.error == "ValidationError" else mine.says
    return None if words[:40] in real["says"] else "words"


@pytest.mark.parametrize("release", RELEASES)
def test_verdicts(release):
    found = golden()
    differing = {
        json.dumps(case["config"]): (how, mine, real)
        for case, real in zip(found["cases"], found["answers"][release], strict=True)
        if (how := differs(mine := ours(case, release), real))
    }
    assert not differing


def test_cases_are_many():
    found = golden()
    assert len(found["cases"]) == 420
    refused = {release: sum(answer is not None for answer in answers) for release, answers in found["answers"].items()}
    assert all(150 < count < 350 for count in refused.values()), refused


def answers_of(release, given):
    """The answers of one release in its environment."""
    return ask(trainer_home(f"deepspeed-{release}"), "tests.trainers.judge_deepspeed", given=given)


def settled(said):
    """An answer without what DeepSpeed draws by chance: of several strange arguments, the one that it names."""
    return said and {**said, "says": re.sub("(unexpected keyword argument) '.*'", r"\1", said.get("says", ""))}


@pytest.mark.parametrize(
    "release", [pytest.param(release, marks=needs_trainer(f"deepspeed-{release}")) for release in RELEASES]
)
def test_live(release):
    found = golden()
    answer = answers_of(release, found["cases"])
    assert answer["version"] == release
    assert list(map(settled, answer["answers"])) == list(map(settled, found["answers"][release]))


if __name__ == "__main__":
    made = cases()
    answers = {release: answers_of(release, made)["answers"] for release in RELEASES}
    text = json.dumps({"cases": made, "answers": answers}, sort_keys=True).encode()
    FILE.write_bytes(gzip.compress(text, 9, mtime=0))
