"""`tokenize --check N`: LLaMA-Factory itself preprocesses rows of a folder that is written."""

import json
import os
import re
import subprocess
from pathlib import Path

import pyarrow as pa
import pytest

from tests.commands import run_in_process
from tests.conftest import ROOT
from tests.environments import ORACLE, VOCABULARY, needs_oracle
from tests.oracle.corpus import make_corpus, write_corpus
from tests.oracle.thoughts import make_thoughts
from validator.models.families import QWEN3_VL
from validator.tokenizing import tokenize as writing
from validator.tokenizing.arrow_folder import read_batches

pytestmark = needs_oracle
PYTHON = ORACLE / "bin" / "python"


def saved(folder: Path, model: str, *tokens: str) -> Path:
    """Tokenizer and processor of a model, as the trainer loads them."""
    subprocess.run((PYTHON, "-m", "tests.oracle.save_model", VOCABULARY, folder, model, *tokens), check=True, cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("model"), "qwen2-vl")


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory):
    """That of the trainer's environment, with what a GPU machine has."""
    program = tmp_path_factory.mktemp("bin") / "python"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {PYTHON} -m tests.oracle.environment.with_stand_ins "$@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture
def checked(tmp_path, model):
    """A checked corpus, and the training file that it was checked for."""
    registry = write_corpus(make_corpus(21, 240), tmp_path)
    entries = json.loads(registry.read_text())
    names = list(entries)[:2]
    entries[names[0]]["split"] = "train[1:]"
    registry.write_text(json.dumps(entries))
    given = {"model_name_or_path": str(model), "template": "qwen2_vl", "dataset_dir": str(tmp_path), "stage": "sft",
             "dataset": ",".join(names), "cutoff_len": 512, "image_max_pixels": 262144}  # fmt: skip
    (tmp_path / "train.yaml").write_text(json.dumps(given))
    run_in_process("check", "--train-config", "train.yaml", "--run-dir", "run", "-q", cwd=tmp_path)
    return tmp_path


def written(folder: Path, interpreter: Path, *more: str):
    return run_in_process("tokenize", "run", "--to", "out", "--train-config", "train.yaml", "--keep", "ALL", "--check",
                          "12", "--trainer-python", str(interpreter), *more, cwd=folder)  # fmt: skip


def test_rows_are_those_of_the_trainer(checked, interpreter):
    done = written(checked, interpreter)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "compared 12 rows with LLaMA-Factory 0.9.5: 12 equal" in done.stdout


@pytest.mark.parametrize("number", [0, 5, 6, 11])
def test_rows_with_thoughts_are_those_of_the_trainer(tmp_path, interpreter, number):
    """Under settings that say what becomes of thoughts; test_thoughts.py compares the ids under all of them."""
    corpus = make_thoughts(31, 240)
    registry = write_corpus(corpus, tmp_path)
    model, spec = saved(tmp_path / "model", "qwen3-vl", *QWEN3_VL.added_tokens), corpus["entries"][number]
    given = {"model_name_or_path": str(model), "template": "qwen3_vl", "dataset_dir": str(registry.parent),
             "stage": "sft", "dataset": spec["name"], **spec["settings"]}  # fmt: skip
    given = {name: {"true": True, "false": False}.get(value, value) for name, value in given.items()}
    (tmp_path / "train.yaml").write_text(json.dumps(given))
    done = run_in_process("check", "--train-config", "train.yaml", "--run-dir", "run", "-q", cwd=tmp_path)
    assert done.returncode in (0, 1), done.stderr
    done = written(tmp_path, interpreter, "--check", "100")
    assert done.returncode == 0 and re.search(r"compared (\d+) rows .*: \1 equal", done.stdout), done.stdout


def test_a_row_that_differs_is_named_with_the_place(checked, interpreter, monkeypatch):
    finish = writing.write_records

    def spoil(folder, split, schema, files, fingerprint):
        finish(folder, split, schema, files, fingerprint)
        part = folder / files[0]
        batches = read_batches(part)
        ids = batches[0]["input_ids"].to_pylist()
        ids[0][3] += 1
        first = batches[0].set_column(0, "input_ids", pa.array(ids, batches[0].schema.field("input_ids").type))
        with pa.OSFile(str(folder / "new"), "wb") as file, pa.ipc.new_stream(file, schema) as writer:
            for batch in (first, *batches[1:]):
                writer.write_batch(batch)
        os.replace(folder / "new", part)

    monkeypatch.setattr(writing, "write_records", spoil)
    done = written(checked, interpreter, "--check", "1000")
    assert done.returncode == 1
    assert done.stdout.count("input_ids: ") == 1 and "first at place 3: " in done.stdout


def test_without_the_trainer_a_sentence_says_where_to_name_it(checked, tmp_path):
    import sys

    done = written(checked, Path(sys.executable))
    assert done.returncode == 2
    assert "cannot be loaded under" in done.stderr and "--trainer-python" in done.stderr
