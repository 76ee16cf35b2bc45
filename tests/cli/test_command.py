"""The command as users meet it: exit codes, sentences, formats, files."""

import json
import re
import shutil
import subprocess
import sys

import jsonschema
import pyarrow.parquet as pq
import pytest

from tests.conftest import ROOT, say
from tests.environments import DEMO_DATA, needs_demo_data
from tests.helpers.golden import assert_golden

SAMPLE = ROOT / "sample_data" / "dataset_info.json"
DEMO = DEMO_DATA / "dataset_info.json"
GOLDEN = ROOT / "tests" / "cli" / "golden"


DROPPED = (
    "failed: training cannot load 1 dataset (DI009) and drops 1 row (CV002 1); 0 of 1 row is trained on whole; 2 errors"
)
NOT_ASKED = (
    "passed as asked: training drops 1 row; 0 of 1 row is trained on whole; only DU asked for (--select): other rules "
    "may fail"
)
STOPS = (
    "passed as asked: training stops at 1 row; 1 of 2 rows are trained on whole; only DU asked for (--select): other "
    "rules may fail"
)
CUT = "passed: training cuts 1 row; 0 of 1 row is trained on whole; 2 warnings"
GONE = say("<image>a", "b", images=["gone.png"])


@pytest.mark.parametrize(
    ("rows", "arguments", "code", "last"),
    [
        ([say("a", "b")], (), 0, "passed: 1 row is trained on whole"),
        ([say("a", "b", "c")], (), 1, DROPPED),
        ([say("a", "")], (), 0, "passed: 1 row is trained on whole; 1 warning"),
        ([say("a", "")], ("--fail-on", "warning"), 1, "failed: 1 row is trained on whole; 1 warning"),
        ([say("a")], ("--select", "DU"), 0, NOT_ASKED),
        ([say("a", "b", "c")], ("--exit-zero",), 0, DROPPED),
        ([GONE, say("a", "b")], ("--select", "DU"), 0, STOPS),
        ([say("a", "b" * 3000)], ("--cutoff-len", "100"), 0, CUT),
    ],
)
def test_exit_codes(dataset, mmvalidate, rows, arguments, code, last):
    done = mmvalidate(dataset.write(rows), *arguments)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (code, last)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nothing.json",), "nothing.json does not exist."),
        ((".",), ". is a folder: it holds no dataset_info.json (`mmvalidate init .` writes one)."),
        ((SAMPLE, "--dataset", "phone_screen"), "Did you mean phone_screens?"),
        ((SAMPLE, "--select", "PH02"), "There is no rule PH02. Did you mean PH002?"),
        (
            (SAMPLE, "--image-max-pixels", "100"),
            "image_max_pixels (100) cannot be smaller than image_min_pixels (1024)",
        ),
        ((SAMPLE, "--mask-history", "--train-on-prompt"), "mask_history cannot be combined with train_on_prompt"),
        ((SAMPLE, "--cutoff-len", "0"), "cutoff_len should be greater than or equal to 1"),
        ((SAMPLE, "--processor", "./none"), "no such folder"),
        (
            (
                SAMPLE,
                "--no-such-flag",
            ),
            "No such option",
        ),
        (("rule", "XY001"), "There is no rule XY001."),
    ],
)
def test_bad_usage_is_one_sentence_and_2(mmvalidate, arguments, sentence):
    done = mmvalidate(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr and "Traceback" not in done.stderr
    assert done.stdout == ""


def test_nothing_to_check(dataset, mmvalidate):
    dataset.registry.write_text('{"hub": {"hf_hub_url": "a/b"}}')
    done = mmvalidate(dataset.registry)
    assert done.returncode == 5
    assert "not selected: 1 dataset without local files (hub)" in done.stdout
    assert mmvalidate(dataset.registry, "--dataset", "hub").returncode == 3


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(ROOT / "sample_data", folder / "sample_data")
    return folder


@pytest.mark.golden
@pytest.mark.parametrize("output", ["full", "concise", "jsonl"])
def test_golden_output(home, mmvalidate, output):
    done = mmvalidate("sample_data/dataset_info.json", "--output-format", output, cwd=home)
    assert done.returncode == 1 and re.sub(r"(?m)^[\d,]+ of [\d,]+ rows, .*\n", "", done.stderr) == ""  # but progress
    assert_golden(GOLDEN / f"sample_data.{output}.txt", re.sub(r"\(\d+\.\d s,", "(0.0 s,", done.stdout))


def test_json_output_and_schemas(home, mmvalidate):
    done = mmvalidate("sample_data/dataset_info.json", "--output-format", "json", cwd=home)
    document = json.loads(done.stdout)
    schemas = {
        name: json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text())
        for name in ("summary", "finding", "dataset_info")
    }
    jsonschema.validate(document["summary"], schemas["summary"])
    for finding in document["findings"]:
        jsonschema.validate(finding, schemas["finding"])
    run = home / ".mmvalidate" / "sample_data"
    assert json.loads((run / "summary.json").read_text()) == document["summary"]
    lines = (run / "findings.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == document["findings"]
    registry = json.loads((home / "sample_data" / "dataset_info.json").read_text())
    refused = ("wrong_formatting", "mistyped_key", "format_key")
    jsonschema.validate(
        {name: entry for name, entry in registry.items() if name not in refused},
        schemas["dataset_info"],
    )
    for name in refused:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({name: registry[name]}, schemas["dataset_info"])


def test_the_run_folder(home, mmvalidate):
    mmvalidate("sample_data/dataset_info.json", "-q", cwd=home)
    run = home / ".mmvalidate" / "sample_data"
    samples = pq.read_table(run / "samples.parquet").to_pylist()
    findings = pq.read_table(run / "findings.parquet").to_pylist()
    summary = json.loads((run / "summary.json").read_text())
    assert len(samples) == summary["rows"]["total"]
    keys = [(row["dataset"], row["file"], row["row"]) for row in samples]
    assert keys == sorted(keys)
    order = [(f["dataset"], f["file"] or "", -1 if f["row"] is None else f["row"], f["code"]) for f in findings]
    assert order == sorted(order)
    lines = [json.loads(line) for line in (run / "findings.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [
        {**line, "evidence": json.dumps(line["evidence"], separators=(",", ":"), sort_keys=True)} for line in lines
    ] == [
        {**finding, "evidence": json.dumps(json.loads(finding["evidence"]), separators=(",", ":"), sort_keys=True)}
        for finding in findings
    ]
    phone = next(row for row in samples if row["dataset"] == "phone_screens")
    assert phone["image_sizes"] == [[1080, 2400]] and phone["image_tokens"] == [1296]
    assert phone["num_tokens"] == phone["num_text_tokens"] + phone["num_image_tokens"] == 1334
    flagged = {
        (f["dataset"], f["file"], f["row"]) for f in findings if f["severity"] == "error" and f["row"] is not None
    }
    for row in samples:
        if (row["dataset"], row["file"], row["row"]) in flagged:
            assert row["status"] in ("flagged", "dropped")
        if row["trainer_error"]:
            assert row["status"] == "flagged" and row["num_tokens"] is None
    assert sorted(path.name for path in run.iterdir()) == [
        ".gitignore",
        ".mmvalidate-run",
        "cache",
        "catalog.json",
        "findings.jsonl",
        "findings.parquet",
        "samples.parquet",
        "summary.json",
    ]


def test_two_runs_write_the_same_bytes(home, mmvalidate):
    written = []
    for _ in range(2):
        mmvalidate("sample_data/dataset_info.json", "-q", cwd=home)
        run = home / ".mmvalidate" / "sample_data"
        summary = json.loads((run / "summary.json").read_text())
        summary.pop("timing")
        written.append(
            [
                summary,
                *((run / name).read_bytes() for name in ("samples.parquet", "findings.parquet", "findings.jsonl")),
            ]
        )
    assert written[0] == written[1]


def test_progress_goes_to_stderr_only_on_a_terminal(dataset, mmvalidate):
    done = mmvalidate(dataset.write([say("a", "b")] * 5))
    assert done.stderr == ""
    assert "\x1b[" not in done.stdout  # no colours either


def test_hostile_text_is_shown_harmlessly(dataset, mmvalidate):
    evil = "\x1b[31m[bold]x[/bold]\u202e\r\n" + "y" * 100_000
    done = mmvalidate(dataset.write([say("<image>", "b", images=[evil]), say("a", "b", id=evil, images=None)]))
    assert done.returncode == 1
    assert "\x1b" not in done.stdout and "\u202e" not in done.stdout and "[bold]" in done.stdout
    assert max(map(len, done.stdout.splitlines())) < 400


def test_a_closed_pipe_is_no_error(home):
    command = f"{sys.executable} -m validator.cli.main sample_data/dataset_info.json --output-format jsonl | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=home)
    assert done.stdout.count("\n") == 1 and "Traceback" not in done.stderr


def test_rule_and_rules(mmvalidate):
    done = mmvalidate("rule", "ph001")
    assert done.returncode == 0 and done.stdout.startswith("# PH001 placeholder-count-mismatch (error)\n")
    assert mmvalidate("rule", "placeholder-count-mismatch").stdout == done.stdout
    lines = mmvalidate("rules").stdout.splitlines()
    assert lines[0].startswith("CF001  error    training-key-unknown") and len(lines) > 120


@pytest.mark.proof
@needs_demo_data
def test_llamafactorys_own_demo_data(mmvalidate):
    done = mmvalidate(DEMO, "--output-format", "json")
    document = json.loads(done.stdout)
    datasets = {item["dataset"]: item for item in document["summary"]["datasets"]}
    assert done.returncode == 1
    assert document["summary"]["rows"]["unchecked"] == 0
    assert datasets["mllm_video_demo"]["rows"]["ok"] == 3
    assert datasets["mllm_demo"]["rows"] == {
        "total": 6,
        "ok": 6,
        "flagged": 0,
        "dropped": 0,
        "not_loaded": 0,
        "unchecked": 0,
    }
    assert datasets["mllm_demo"]["num_tokens_full"]["max"] == 195
    assert datasets["glaive_toolcall_en_demo"]["rows"]["ok"] == 300
    assert datasets["mllm_audio_demo"]["rows"]["flagged"] == 3
    nothing_left = {finding["dataset"] for finding in document["findings"] if finding["code"] == "DI009"}
    assert nothing_left == {"c4_demo", "wiki_demo"}, "texts for pre-training: no answers"


@needs_demo_data
def test_one_demo_set_passes(mmvalidate):
    done = mmvalidate(DEMO, "--dataset", "mllm_demo")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "passed: all 6 rows are trained on whole")
