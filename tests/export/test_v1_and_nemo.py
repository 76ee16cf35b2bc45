"""Copies of data that LLaMA-Factory v1 and NeMo AutoModel read: the registry of the kind that each reads."""

import json
from pathlib import Path

import jsonschema
import pytest
from PIL import Image

from tests.conftest import check
from tests.environments import needs_trainer, trainer_home
from tests.export.exporting import SCHEMA, errors, records, rows_of
from tests.oracle.videos import film
from tests.trainers.compare import ask
from validator.engine.run_files.finished import FinishedRun
from validator.exporting.export import export
from validator.exporting.policy import make_policy
from validator.yaml_text import parse_yaml

SETTINGS = {"trainer": "llamafactory-v1", "cutoff_len": 2048, "image_max_pixels": 12845056}


def human(value):
    return {"from": "human", "value": value}


def gpt(value):
    return {"from": "gpt", "value": value}


ROWS = [
    {"conversations": [human("<image>hi"), gpt("yo")], "images": ["pics/a.png"], "videos": []},
    {"conversations": [human("<image>hi"), gpt("yo")], "images": ["pics/gone.png"], "videos": []},
    {"conversations": [human("<video>hi"), gpt("yo")], "images": [], "videos": ["short.mp4"]},
    {"conversations": [human("hi"), gpt("\nyo")], "images": [], "videos": []},
]
PAIRS = [{"instruction": "hi", "output": "yo"}, {"instruction": "hi", "output": "\n"}]
REGISTRY = """\
shown:  # a comment
  path: rows.json
  source: local
  converter: sharegpt
"2024-01-01":
  path: pairs.jsonl
  source: local
  converter: alpaca
  weight: 2.0
on the hub:
  path: user/data
"""


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    (folder / "pics").mkdir(parents=True)
    Image.new("RGB", (64, 64), "red").save(folder / "pics" / "a.png")
    film(folder / "short.mp4", 20, 25)
    (folder / "rows.json").write_text(json.dumps(ROWS))
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in PAIRS))
    (folder / "registry.yaml").write_text(REGISTRY)
    return folder


def copied(folder, registry, media="link", fix=False, **settings):
    """The export of a run of a registry, with what is found in the copy."""
    check(str(folder / registry), folder.parent / "run", **settings)
    policy = make_policy("error", (), (), (), False)
    done = export(FinishedRun(folder.parent / "run"), folder.parent / "clean", policy, media, fix=fix)
    jsonschema.validate(done.record, SCHEMA)
    chosen = done.settings.model_dump()
    _, findings = check(chosen.pop("dataset_info"), folder.parent / "again", **chosen)
    return done.record, findings


def test_a_registry_in_yaml_is_copied_as_one(data):
    record, findings = copied(data, "registry.yaml", **SETTINGS)
    clean = data.parent / "clean"
    kept = parse_yaml((clean / "data.yaml").read_text())
    assert kept == {
        "shown": {"path": str(clean / "rows.json"), "source": "local", "converter": "sharegpt"},
        "2024-01-01": {
            "path": str(clean / "pairs.jsonl"), "source": "local", "converter": "alpaca", "weight": 2.0,
        },
    }  # fmt: skip
    assert rows_of(clean / "rows.json") == [ROWS[0], ROWS[2]]
    assert rows_of(clean / "pairs.jsonl") == PAIRS[:1]
    assert (clean / "pics" / "a.png").exists() and (clean / "short.mp4").exists()
    assert not (clean / "dataset_info.json").exists()
    behind = parse_yaml((clean / "quarantine" / "data.yaml").read_text())
    assert behind["shown"]["path"] == str(clean / "quarantine" / "rows.json")
    assert [record["row"] for record in records(clean / "dropped.jsonl")] == [1, 1, 3]
    assert [left["dataset"] for left in record["left_out"]] == ["on the hub"]
    assert errors(findings) == []


def test_the_copy_is_read_wherever_training_is_started(data, monkeypatch):
    """A file of the same path lies in the folder of the original."""
    monkeypatch.chdir(data)
    _, findings = copied(data, "registry.yaml", **SETTINGS)
    assert errors(findings) == []


def test_rows_of_a_registry_in_yaml_are_not_repaired(data):
    with pytest.raises(ValueError, match="leave --fix out"):
        copied(data, "registry.yaml", fix=True, **SETTINGS)


@needs_trainer("llamafactory-main-videos")
@needs_trainer("hf")
def test_v1_itself_feeds_every_row_of_the_copy(data):
    record, _ = copied(data, "registry.yaml", media="copy", **SETTINGS)
    clean = data.parent / "clean"
    (template,) = trainer_home("hf").glob("lib/python3*/site-packages/trl/chat_templates/qwen2_5_vl.jinja")
    files = {}
    for name, entry in parse_yaml((clean / "data.yaml").read_text()).items():
        alone = clean / f"{name}.yaml"
        alone.write_text("".join(f"{line}\n" for line in (f"{name!r}:", *(f"  {k}: {v}" for k, v in entry.items()))))
        files[name] = {"file": str(alone), "settings": {"cutoff_len": 2048}}
    given = {"files": files, "tokens": (), "template": str(template.absolute())}
    answers = ask("llamafactory-main-videos", "judge_v1", given, Path(clean))
    assert {name: [row["status"] for row in rows] for name, rows in answers.items()} == {
        "shown": ["ok", "ok"], "2024-01-01": ["ok"],
    }  # fmt: skip
    assert record["media"]["copied"] == 2


def test_an_entry_of_nemo_automodel_keeps_its_keys(data):
    said = [{"role": "user", "content": "<image>hi"}, {"role": "assistant", "content": "yo"}]
    rows = [{"messages": said, "images": [name]} for name in ("a.png", "gone.png")]
    (data / "own.json").write_text(json.dumps(rows))
    entry = {"file_name": "own.json", "media_dir": "pics", "sample_ratio": 0.5}
    (data / "dataset_info.json").write_text(json.dumps({"own": entry}))
    _, findings = copied(data, "dataset_info.json", trainer="nemo-automodel", cutoff_len=2048)
    clean = data.parent / "clean"
    assert json.loads((clean / "dataset_info.json").read_text()) == {"own": entry}
    assert rows_of(clean / "own.json") == rows[:1] and (clean / "pics" / "a.png").exists()
    assert errors(findings) == []
