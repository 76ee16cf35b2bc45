"""What may stand where a path is asked for, and what is taken where nothing stands."""

import json
import re

import pytest

from scripts.make_command_docs import commands
from tests.conftest import say
from validator.cli.main import COMMANDS


@pytest.fixture
def data(dataset, mmvalidate):
    dataset.write([say("a", "b"), say("a b c d e f g h", "i")])
    assert mmvalidate("dataset_info.json").returncode == 0
    return dataset


def test_a_folder_stands_for_its_registry(data, mmvalidate):
    done = mmvalidate(".", "--output-format", "json")
    assert json.loads(done.stdout)["summary"]["settings"]["dataset_info"] == "dataset_info.json"


def test_a_folder_without_a_registry(data, mmvalidate):
    (data.folder / "empty").mkdir()
    done = mmvalidate("empty")
    assert done.returncode == 2 and "it holds no dataset_info.json (`mmvalidate init empty` writes one)" in done.stderr


@pytest.fixture
def train(data):
    (data.folder / "train.yaml").write_text(
        "model_name_or_path: Qwen/Qwen2-VL-7B-Instruct\nstage: sft\ndo_train: true\ndataset_dir: .\ndataset: data\n"
        "template: qwen2_vl\ncutoff_len: 77\nfinetuning_type: lora\noutput_dir: out\n"
    )
    return "train.yaml"


@pytest.mark.parametrize(
    "arguments", ["train.yaml", "--quiet train.yaml", "check --run-dir x --no-resume train.yaml", "-- train.yaml", ""]
)
def test_a_training_file_stands_for_its_option(data, train, mmvalidate, arguments):
    if not arguments:
        (data.folder / "mmvalidate.toml").write_text('dataset-info = "train.yaml"\n')
    first = arguments.split()[:1] if arguments.startswith("check") else []
    done = mmvalidate(*first, "--output-format", "json", *arguments.split()[len(first) :])
    summary = json.loads(done.stdout)["summary"]
    assert summary["settings"]["cutoff_len"] == 77
    left = {item["reason"] for item in summary["rules_not_run"] if item["code"].startswith("CF")}
    assert left == {"not for the trainer llamafactory"}, "those about files of TRL and axolotl"


@pytest.mark.parametrize(
    "command", ["plan", "report --output-format concise", "rejudge --cutoff-len 20", "export --to clean"]
)
def test_the_run_that_finished_last_is_taken_and_named(data, mmvalidate, command):
    done = mmvalidate(*command.split())
    assert done.returncode in (0, 1) and "mmvalidate: the run in .mmvalidate/" in done.stderr, done.stderr


def test_a_diff_with_the_run_that_finished_last(data, mmvalidate):
    mmvalidate("dataset_info.json", "--run-dir", ".mmvalidate/earlier")
    name = next(path.name for path in (data.folder / ".mmvalidate").iterdir() if path.name != "earlier")
    done = mmvalidate("diff", f".mmvalidate/{name}")
    assert done.returncode == 0 and "the run in .mmvalidate/earlier" in done.stderr


def test_no_run_to_take(mmvalidate):
    done = mmvalidate("plan")
    assert (
        done.returncode == 2 and "Name the folder of a finished run: there is none in .mmvalidate here." in done.stderr
    )


@pytest.mark.parametrize(
    ("options", "said"), [((), "dataset_info.json"), (("--dataset", "data"), "dataset_info.json (data)")]
)
def test_it_is_said_of_which_data_something_is(data, mmvalidate, options, said):
    mmvalidate("dataset_info.json", *options, "--run-dir", "run")
    assert mmvalidate("plan", "run").stdout.startswith(f"{said}: 2 rows")
    assert f"exported {said} to clean: 2 rows kept" in mmvalidate("export", "run", "--to", "clean", "--no-check").stdout
    assert json.loads((data.folder / "clean" / "export.json").read_text())["run"] == "run"
    wrote = mmvalidate("report", "run", "--report", "json=x.json").stderr
    assert re.fullmatch(rf"mmvalidate: wrote x\.json \(\S+ kB\), of {re.escape(said)}\n", wrote)


def test_a_part_of_the_data_does_not_replace_the_run_of_all(data, mmvalidate):
    mmvalidate("dataset_info.json", "--dataset", "data")
    runs = sorted((data.folder / ".mmvalidate").iterdir())
    held = [json.loads((run / "summary.json").read_text())["settings"]["datasets"] for run in runs]
    assert sorted(held) == [[], ["data"]]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_their_help_says(name):
    first = " ".join((commands()[name].help or "").split("\n\n")[0].split())
    assert first.startswith(COMMANDS[name].removesuffix("."))


def test_two_training_files(train, mmvalidate):
    done = mmvalidate("--train-config", train, "train.yaml")
    assert done.returncode == 2 and "train.yaml is a training file: pass it alone" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("rejudge --workers -1", "workers should be greater than or equal to 0, not -1"),
        ("rejudge --min-rows 99999999999999999999", "min_rows should be less than or equal to"),
        ("dataset_info.json --row-timeout inf", "row_timeout should be less than or equal to 1000000, not inf"),
        ("dataset_info.json --cutoff-len 0", "cutoff_len should be greater than or equal to 1, not 0"),
        ("dataset_info.json --dtype fp16", "fp16 is refused"),
        ("dataset_info.json --write-baseline=", "it is a folder; name a file"),
        ("dataset_info.json --severity =info", "--severity =info: write CODE=LEVEL"),
        ("dataset_info.json --trainer all --report html=x.html", "--trainer all cannot be combined with"),
        ("audit train.yaml --workers -1", "workers should be greater than or equal to 0, not -1"),
        ("audit train.yaml --gpu-memory 1e999", "--gpu-memory"),
    ],
)
def test_what_cannot_be_is_one_sentence(train, mmvalidate, arguments, said):
    done = mmvalidate(*arguments.split())
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert "internal error" not in done.stderr


def test_a_run_of_all_trainers_names_its_runs(data, mmvalidate):
    mmvalidate("dataset_info.json", "--trainer", "all", "--run-dir", "all", "--select", "XX")
    assert "name one, as all/trainers/" in mmvalidate("report", "all", "--output-format", "json").stderr
