"""LLaMA-Factory's own preprocessing of benchmark rows, in the environment of the oracle, in one process."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from scripts.benchmarks.command import NotBuiltError
from scripts.benchmarks.data import ROOT
from scripts.benchmarks.process import ENVIRONMENT, Cost, cost_of
from tests.environments import ORACLE, VOCABULARY


def need_trainer() -> None:
    if not VOCABULARY.exists():
        raise NotBuiltError("the trainer's environment (./scripts/oracle)")


def preprocess(registry: Path) -> Cost:
    """What `get_dataset` costs, its imports and its processor not counted; the output is the list of lengths."""
    with tempfile.TemporaryDirectory(prefix="mmvalidate-bench-") as scratch:
        environment = {**ENVIRONMENT, "HF_HOME": scratch, "PYTHONPATH": str(ROOT)}
        inside = (str(ORACLE / "bin" / "python"), "-m", "scripts.benchmarks.inside_trainer")
        command = (*inside, str(registry.parent), str(VOCABULARY))
        told = json.loads(cost_of(command, environment=environment).output.splitlines()[-1])
    return Cost(told["wall"], told["processor"], json.dumps(told["lengths"]))


def our_lengths(run_folder: Path) -> list[int]:
    return pq.read_table(run_folder / "samples.parquet", columns=["num_tokens"])["num_tokens"].to_pylist()
