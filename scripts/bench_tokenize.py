"""What it takes to preprocess rows once: LLaMA-Factory to its `tokenized_path`, and `mmvalidate tokenize`.

    .venv/bin/python -m scripts.bench_tokenize [NAME]... [--rows N] [--many N]

`ratio`: rows of which every other has a JPEG of its own path, one process each, from the start of the program to the
folder, in seconds of processor time; ours from the check on (images decoded), and from a finished run. Both folders are
then compared row by row. `many`: text rows, with the memory of the largest process and the rows a second. The trainer
is that of ./scripts/oracle. The data is made once and kept in .bench.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts.benchmarks.data import make
from scripts.benchmarks.process import ENVIRONMENT, Cost, PeakMemory, cost_of
from tests.environments import ORACLE, VOCABULARY

POOL = 300
INSIDE = (str(ORACLE / "bin" / "python"), "-m", "scripts.benchmarks.inside_tokenized")
LIMITS = ("--cutoff-len", "8192", "--image-max-pixels", "1048576")


def ours(*arguments: object, workers: int = 0, memory: PeakMemory | None = None) -> Cost:
    command = (sys.executable, "-m", "validator.cli.main", *map(str, arguments), "-q", "--workers", str(workers))
    return cost_of(command, accepted=(0, 1), watch=memory and memory.watch)


def theirs(*arguments: object, scratch: Path) -> Cost:
    environment = {**ENVIRONMENT, "HF_HOME": str(scratch / "hf"), "HF_HUB_OFFLINE": "1"}
    return cost_of((*INSIDE, *map(str, arguments)), environment=environment)


def ratio(given: argparse.Namespace, scratch: Path) -> Iterator[str]:
    registry = make("half", given.rows, POOL)
    checked = ours("check", registry, *LIMITS, "--run-dir", scratch / "run")
    written = ours("tokenize", scratch / "run", "--to", scratch / "ours")
    yield f"{given.rows:,} rows: check {_told(checked)}, tokenize {_told(written)}"
    trainer = theirs("preprocess", registry.parent, VOCABULARY, scratch / "theirs", scratch=scratch)
    whole = checked.processor + written.processor
    yield f"LLaMA-Factory: {_told(trainer)}"
    checking, finished = (trainer.processor / seconds for seconds in (whole, written.processor))
    yield f"with images checked {checking:.0f}x, from a finished run {finished:.0f}x"
    same = json.loads(theirs("digest", scratch / "ours", scratch / "theirs", scratch=scratch).output.splitlines()[-1])
    yield f"the folders are {'equal, row by row' if same[0] == same[1] else f'NOT equal: {same}'}"


def many(given: argparse.Namespace, scratch: Path) -> Iterator[str]:
    for rows in (given.many // 10, given.many):
        registry = make("text", rows, POOL)
        ours("check", registry, *LIMITS, "--run-dir", scratch / f"run{rows}", workers=2)
        memory = PeakMemory()
        done = ours("tokenize", scratch / f"run{rows}", "--to", scratch / f"out{rows}", memory=memory)
        largest = max(memory.own, memory.descendant) >> 20
        yield f"{rows:,} rows: {_told(done)}, {rows / done.wall:,.0f} rows/s, {memory.own >> 20:,} and {largest:,} MiB"


def _told(cost: Cost) -> str:
    return f"{cost.processor:.1f} s of processor time ({cost.wall:.1f} s)"


MEASURES: dict[str, Callable[[argparse.Namespace, Path], Iterator[str]]] = {"ratio": ratio, "many": many}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASURES))
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    given = parser.parse_intermixed_args()
    for name in given.names or MEASURES:
        with tempfile.TemporaryDirectory(prefix="mmvalidate-bench-") as scratch:
            for line in MEASURES[name](given, Path(scratch)):
                print(line, flush=True)


if __name__ == "__main__":
    main()
