"""Writes validator/assets/training_values.json: what the trainer does with values of the wrong kind, key by key.

    .venv/bin/python -m scripts.make_training_values [--to FILE] [KEY ...]

Every key of a training file (or those named) is given values of every kind in a file that is right otherwise, and the
real trainer is asked (tests/oracle/judge_training.py: up to the first optimizer step). Kept is where it stops: {key:
{kind: [stage, error, words]}}. Keys that only matter beside others are asked beside them (CONTEXTS). A key for which a
few telling kinds change nothing is taken as not looked at, and its other kinds are not asked. Takes about 20 minutes.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.environments import ORACLE, ROOT
from tests.judges import command_of
from tests.oracle.training_files import LEFT_OUT, REACHING, whole
from validator.training.arguments import known_arguments
from validator.training.kinds import CONTEXTS, KINDS, context_of, kind_of_value
from validator.training.values import measured

FILE = ROOT / "validator" / "assets" / "training_values.json"
TELLING = ("text", "list", "null", "negative fraction", "true", "large fraction", "empty text", "mapping")
PACKAGES = ("ImportError", "ModuleNotFoundError", "NameError")
"""Of a package that is not there."""
WORDS = 160
"""Characters of the trainer's message that are kept."""


@contextmanager
def trainer():
    """A question: the text of a training file in, the answer out."""
    command, environment = command_of(ORACLE, "tests.oracle.judge_training")
    judge = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )

    def ask(text: str) -> dict:
        judge.stdin.write(json.dumps({"text": text}) + "\n")
        judge.stdin.flush()
        return json.loads(judge.stdout.readline())

    yield ask
    judge.stdin.close()
    judge.wait()


def questions(keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(key, the lines beside which it matters)."""
    for key in keys or known_arguments():
        if key not in LEFT_OUT and not key.startswith(REACHING):
            yield key, CONTEXTS[context_of(key)]


def measure(keys: Sequence[str]) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """(key, {kind: [stage, error, words]})."""
    with trainer() as ask:
        for key, beside in questions(keys):
            found: dict[str, list[str]] = {}
            lines = "".join(line for line in beside.splitlines(keepends=True) if not line.startswith(f"{key}:"))

            def asked(kind: str, lines: str = lines, key: str = key, found: dict[str, list[str]] = found) -> bool:
                answer = ask(whole(f"{lines}{key}: {KINDS[kind]}\n"))
                if answer["outcome"] == "refused" and answer["error"] not in PACKAGES:
                    words = answer["message"][:WORDS].splitlines() or [""]
                    found[kind] = [answer["stage"], answer["error"], words[0]]
                return kind in found

            if any(asked(kind) for kind in TELLING):
                for kind in KINDS:
                    if kind not in TELLING:
                        asked(kind)
            print(f"{key}: {len(found)} of {len(KINDS)} kinds stop the trainer", file=sys.stderr)
            yield key, found


def write(table: dict[str, dict[str, list[str]]], file: Path) -> None:
    """Each answer once, and for every key and kind its place among the answers."""
    answers = sorted({tuple(said) for kinds in table.values() for said in kinds.values()})
    lines = [f"  {json.dumps(said, ensure_ascii=False)}" for said in answers]
    keys = [
        f"  {json.dumps(key)}: {json.dumps({kind: answers.index(tuple(said)) for kind, said in kinds.items()})}"
        for key, kinds in sorted(table.items())
    ]
    file.write_text('{"answers": [\n' + ",\n".join(lines) + '\n],\n"keys": {\n' + ",\n".join(keys) + "\n}}\n")


if __name__ == "__main__":
    for kind, text in KINDS.items():
        assert kind_of_value(yaml.safe_load(text)) == kind, (kind, text)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("keys", nargs="*")
    parser.add_argument("--to", type=Path, default=FILE)
    given = parser.parse_args()
    named = given.keys
    table = dict(measured()) if named else {}
    for key, found in measure(named):
        table.pop(key, None)
        table |= {key: found} if found else {}
    write(table, given.to)
    print(f"{given.to}: {len(table)} keys")
