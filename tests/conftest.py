"""Shared helpers: small datasets in a folder, and a whole check of them in process."""

import gc
import json
import os
from functools import partial
from pathlib import Path

import orjson
import pytest
from PIL import Image

from tests.commands import run_in_process, run_process, warm_up
from tests.environments import skip_without
from tests.helpers.names import name_of
from tests.tiers import draw_examples
from validator.catalog.registry import load_registry
from validator.engine.run import run
from validator.rules.registry import choose_rules
from validator.settings import Settings
from validator.storage.remote import locate

ROOT = Path(__file__).resolve().parents[1]
TAGS = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
ALL_TAGS = TAGS | {"observation_tag": "observation", "function_tag": "function", "system_tag": "system"}


os.environ["HF_HUB_OFFLINE"] = "1"  # the tests' hub names are nobody's; asking for them takes half a minute


def pytest_configure():
    draw_examples()


def pytest_collection_modifyitems(items):
    for item in items:
        if hasattr(getattr(item, "obj", None), "hypothesis"):
            item.add_marker("larger")


def pytest_collection_finish():
    """The tests' own tables, of which there are many, are not looked at again at every collection of garbage."""
    gc.collect()
    gc.freeze()


def pytest_make_parametrize_id(val):
    return name_of(val)


def pytest_runtest_setup(item):
    skip_without(item)


@pytest.fixture
def undrawn(monkeypatch):
    """Reports of commands in this process are without pictures, which take seconds; tests of the report draw them."""
    monkeypatch.setattr("validator.report.html.page.draw", lambda tasks, most_bytes: {})


def findings_of(folder):
    """The findings of a finished run, in order."""
    return (orjson.loads(line) for line in (folder / "findings.jsonl").read_bytes().splitlines())


def check(registry, folder, options=None, **settings):
    """Run a check in this process; returns its result and all findings as dicts."""
    warm_up()
    chosen = Settings(dataset_info=registry, **settings)
    rules, left_out = choose_rules(chosen)
    result = run(
        chosen, load_registry(locate(chosen.dataset_info), chosen.datasets), rules, left_out, folder, execution=options
    )
    return result, list(findings_of(result.folder))


class Dataset:
    """One entry named `data` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.registry = folder / "dataset_info.json"

    def image(self, name: str, size=(56, 56), mode="RGB", **options) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new(mode, size).save(path, **options)
        return name

    def write(self, rows, suffix="jsonl", **entry) -> Path:
        text = rows
        if not isinstance(rows, str):
            lines = [json.dumps(row, ensure_ascii=False) for row in rows]
            text = "\n".join(lines) if suffix == "jsonl" else "[" + ",\n".join(lines) + "]"
        (self.folder / f"data.{suffix}").write_bytes(text.encode("utf-8", "surrogatepass"))
        keys = {key for row in rows for key in row} if not isinstance(rows, str) else {"messages", "images"}
        known = {"messages", "images", "videos", "audios", "system", "tools"}
        spec = {
            "file_name": f"data.{suffix}",
            "formatting": "sharegpt",
            "columns": {key: key for key in sorted(keys & known)},
            "tags": ALL_TAGS,
        }
        self.registry.write_text(json.dumps({"data": {**spec, **entry}}), encoding="utf-8")
        return self.registry

    def check(self, **settings):
        return check(self.registry, self.folder / "run", **settings)

    def samples(self) -> list[dict]:
        import pyarrow.parquet as pq

        return pq.read_table(self.folder / "run" / "samples.parquet").to_pylist()


def say(*turns, **columns):
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[i % 2], "content": text} for i, text in enumerate(turns)], **columns}


@pytest.fixture
def dataset(tmp_path):
    return Dataset(tmp_path)


@pytest.fixture
def mmvalidate(tmp_path):
    """Run a command in an empty folder, in this process; with options of subprocess.run, as a process of its own."""

    def call(*arguments, cwd=tmp_path, **options):
        return run_process(*arguments, cwd=cwd, **options) if options else run_in_process(*arguments, cwd=cwd)

    return call


@pytest.fixture
def mmvalidate_process(tmp_path):
    """Run the real command in an empty folder."""
    return partial(run_process, cwd=tmp_path)
