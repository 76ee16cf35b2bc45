"""Trainers other than LLaMA-Factory, asked about rows that are none of the random ones: healthy families are fed whole,
with our counts and no error of ours; contents that are no text are what each makes of them.
"""

import json

import pytest

from tests.conftest import ALL_TAGS, say
from tests.environments import needs_trainer
from tests.healthy.families import taken_by
from tests.healthy.family import put, write
from tests.healthy.layouts import LAYOUTS
from tests.oracle.accused import accused
from tests.oracle.compare import our_answers
from tests.trainers.compare import ask
from validator.catalog.registry import load_registry

LIMITS = {"cutoff_len": 4096, "image_max_pixels": 262144, "image_min_pixels": 3136}
COMPARED = ("status", "len", "labels", "image_tokens", "sha")
TRAINERS = [
    pytest.param("hf", "trl", "judge_hf", marks=needs_trainer("hf")),
    pytest.param("hf", "qwen-vl-utils", "judge_qwen", marks=needs_trainer("hf")),
    pytest.param("ms-swift", "ms-swift", "judge_swift", marks=needs_trainer("ms-swift")),
]


def asked(registry, names, environment, trainer, judge):
    """The answers of a trainer and ours about the rows of some entries."""
    folder, specs = registry.parent, []
    for entry in load_registry(registry, names).entries:
        spec = {"name": entry.name, "file": entry.location, "columns": entry.columns, "tags": entry.tags}
        specs.append({**spec, "settings": {**LIMITS, "trainer": trainer}})
    corpus = {"entries": specs}
    theirs = ask(environment, judge, {"corpus": corpus, "folder": str(folder)}, folder)
    return our_answers(registry, corpus), theirs


def differing(ours, theirs):
    pairs = [(name, *pair) for name, rows in theirs.items() for pair in zip(ours[name], rows, strict=True)]
    return [pair for pair in pairs if any(pair[1].get(key) != pair[2].get(key) for key in COMPARED)]


def conversations(registry, trainer):
    """The entries that a judge can be asked about: JSON of conversations, under ms-swift in its own names."""
    for entry in load_registry(registry, tuple(json.loads(registry.read_text()))).entries:
        own = entry.columns["messages"] == "messages" and entry.columns["images"] in (None, "images")
        named = entry.tags["role_tag"] == "role" and entry.columns["system"] is None
        fits = entry.formatting == "ms-swift" or (own and named) if trainer == "ms-swift" else True
        if entry.formatting in ("sharegpt", "ms-swift") and entry.location.endswith(("json", "jsonl")) and fits:
            yield entry.name


@pytest.mark.parametrize(("environment", "trainer", "judge"), TRAINERS)
def test_healthy_families(environment, trainer, judge, tmp_path, monkeypatch):
    registry = write({name: LAYOUTS[name] for name in taken_by(trainer) if name in LAYOUTS}, tmp_path)
    monkeypatch.chdir(tmp_path)
    names = tuple(conversations(registry, trainer))
    ours, theirs = asked(registry, names, environment, trainer, judge)
    assert differing(ours, theirs) == []
    settings = {name: {**LIMITS, "trainer": trainer} for name in names}
    lines, counted = accused(registry, settings, theirs, tmp_path)
    assert lines == [] and counted["whole"] == counted["rows"] >= 40 and len(names) >= 20


TEXT, BARE = {"type": "text", "text": "One?"}, {"type": "image"}
IN_PARTS = [
    (["0.png"], [BARE, TEXT], "Yes."),
    (["0.png"], [TEXT, BARE, TEXT], [TEXT]),
    (["0.png"], [BARE, BARE, TEXT], "Yes."),
    ([], [TEXT], "Yes."),
    ([], [], "Yes."),
    ([], "One?", []),
    ([], "One?", [TEXT]),
    ([], "One?", 5),
    ([], "One?", True),
    ([], 5, "Yes."),
    ([], None, 5),
]


@pytest.mark.parametrize(("environment", "trainer", "judge"), TRAINERS[:2])
def test_contents_that_are_no_text(environment, trainer, judge, tmp_path, monkeypatch):
    put(tmp_path, "0.png")
    rows = [{**say(question, answer), "images": images} for images, question, answer in IN_PARTS]
    system = {"role": "system", "content": [TEXT]}
    rows.append({"messages": [system, *say("One?", "Yes.")["messages"]], "images": []})
    (tmp_path / "mixed.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "parts.jsonl").write_text("\n".join(json.dumps(rows[place]) for place in (1, 1)))
    entry = {"formatting": "sharegpt", "columns": {"messages": "messages", "images": "images"}, "tags": ALL_TAGS}
    registry = tmp_path / "dataset_info.json"
    registry.write_text(json.dumps({name: {"file_name": f"{name}.jsonl", **entry} for name in ("mixed", "parts")}))
    monkeypatch.chdir(tmp_path)
    ours, theirs = asked(registry, ("mixed", "parts"), environment, trainer, judge)
    assert differing(ours, theirs) == []
