"""The real trainer under each stage: which entries it refuses, and in which words. Skipped without the oracle."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import TAGS, check, say
from tests.environments import ORACLE, needs_oracle
from tests.judges import run_judge
from validator.auditing.case import training_case
from validator.auditing.data import data_facts
from validator.auditing.judge import training_findings
from validator.engine.run_files.finished import FinishedRun
from validator.training.config import check_settings, make_config
from validator.training.family import fed_as
from validator.training.versions import Versions

pytestmark = needs_oracle
ROWS = 4
RUN = {"dataset_dir": ".", "finetuning_type": "lora", "cutoff_len": 512, "packing": False, "template": "qwen2_vl"}
STAGES = ("pt", "sft", "rm", "dpo", "kto", "ppo")
DATASETS = ("plain", "pairs", "tagged", "words", "pictures", "plain,pairs", "plain,tagged")


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Entries of every kind, in the current directory."""
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (64, 48), (200, 10, 10)).save("a.png")
    plain = [{"instruction": f"q{number}", "output": "yes"} for number in range(ROWS)]
    asked = {"prompt": "instruction"}
    chat = {"formatting": "sharegpt", "tags": TAGS}
    entries = {
        "plain": (plain, {"columns": {**asked, "response": "output"}}),
        "pairs": (
            [{**row, "chosen": "good", "rejected": "bad"} for row in plain],
            {"ranking": True, "columns": {**asked, "chosen": "chosen", "rejected": "rejected"}},
        ),
        "tagged": (
            [{**row, "tag": number % 2 == 0} for number, row in enumerate(plain)],
            {"columns": {**asked, "response": "output", "kto_tag": "tag"}},
        ),
        "words": (
            [{**row, "tag": "true"} for row in plain],
            {"columns": {**asked, "response": "output", "kto_tag": "tag"}},
        ),
        "pictures": (
            [say("<image>q", "a", images=["a.png"])] * ROWS,
            {**chat, "columns": {"messages": "messages", "images": "images"}},
        ),
    }
    for name, (rows, _) in entries.items():
        Path(f"{name}.json").write_text(json.dumps(rows))
    described = {name: {"file_name": f"{name}.json", **entry} for name, (_, entry) in entries.items()}
    Path("dataset_info.json").write_text(json.dumps(described))


def theirs(questions):
    """What the trainer comes to, for each training file."""
    text, here = "".join(json.dumps(question) + "\n" for question in questions), Path.cwd()
    said = run_judge(ORACLE, "tests.oracle.judge_stages", text=text, cwd=here, HF_DATASETS_CACHE=str(here / "cache"))
    return [json.loads(line) for line in said.splitlines()]


def ours(question, code):
    """What a rule says of a training file and its data."""
    config = make_config(question)
    folder = Path("run", question["stage"], str(question["template"]), question["dataset"]).absolute()
    settings = {key: value for key, value in (check_settings(config) | fed_as(config)).items() if value is not None}
    check(settings.pop("dataset_info"), folder, **settings)
    case = training_case(config, Versions({}, frozenset()), data=data_facts(FinishedRun(folder), config))
    return [finding.message for finding in training_findings(case) if finding.code == code]


def test_every_stage_with_every_kind_of_entry(data):
    questions = [{**RUN, "stage": stage, "dataset": dataset} for stage in STAGES for dataset in DATASETS]
    for question in questions:
        if question["stage"] == "ppo":
            question["reward_model"] = "offline"
    for question, answer in zip(questions, theirs(questions), strict=True):
        said = ours(question, "CF037")
        where = (question["stage"], question["dataset"], answer, said)
        if answer["outcome"] == "refused":
            assert len(said) == 1 and f"{answer['error']}: {answer['message']}" in said[0], where
        elif answer["rows"] < ROWS * len(question["dataset"].split(",")):
            assert len(said) == 1 and said[0].endswith("drops each of these rows"), where
        else:
            assert said == [], where


TEMPLATES = ("qwen3_vl_nothink", "llama3", "mimo_vl", "qwen2-vl", None)


def test_every_kind_of_template_with_and_without_images(data):
    run = {**RUN, "stage": "sft", "model_name_or_path": "Qwen/Qwen2-VL-7B-Instruct"}
    questions = [{**run, "template": name, "dataset": rows} for name in TEMPLATES for rows in ("plain", "pictures")]
    for question, answer in zip(questions, theirs(questions), strict=True):
        said = ours(question, "CF013")
        where = (question["template"], question["dataset"], answer, said)
        if answer["outcome"] == "refused":
            assert len(said) == 1 and f"{answer['error']}: {answer['message']}" in said[0], where
        else:
            assert said == [], where
