"""Files that a command line or a file names, as users meet them: one sentence and 2, or a finding; never a wait."""

import json
import os
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from tests.conftest import say
from tests.helpers.anything import TREES
from validator.catalog.registry import load_registry
from validator.cli.check import check
from validator.cli.config_file import read
from validator.cli.config_keys import config_model
from validator.cli.replaying import rows_named
from validator.engine.gate.baseline import load_baseline
from validator.report.github import plain
from validator.report.tables import console_for
from validator.tokens.processor import load_processor

EVIL = "\x1b]0;evil\x07[red]::error::##[error]\n"


@pytest.fixture
def home(dataset, monkeypatch):
    dataset.write([say("a", "b")])
    os.mkfifo(dataset.folder / "pipe")
    os.mkfifo(dataset.folder / "pipe.py")
    (dataset.folder / "zero.json").symlink_to("/dev/zero")
    (dataset.folder / "log").mkdir()
    (dataset.folder / "large").write_bytes(b"#" * (5 << 20))
    (dataset.folder / "deep.json").write_text("[" * 100_000)
    (dataset.folder / "deep.toml").write_text("a = " + "[" * 100_000)
    (dataset.folder / "digits.toml").write_text("cutoff-len = 0x" + "f" * 100_000)
    (dataset.folder / "nan.toml").write_text("max-rate = {TK001 = nan}")
    (dataset.folder / "huge.json").write_text('{"accepted": [{"code": "TK001", "dataset": "d", "findings": '
                                              '{"0123456789abcdef": 1' + "0" * 30 + "}}]}")  # fmt: skip
    return dataset.folder


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("pipe",), "Cannot open pipe: it is a named pipe, not a file."),
        (("zero.json",), "Cannot open zero.json: it is a device, not a file."),
        (("n" * 5000 + ".json",), "File name too long."),
        (("deep.json",), "Cannot open deep.json: it is not valid JSON: it is nested too deep."),
        (("audit", "pipe"), "The training file pipe cannot be read: it is a named pipe, not a file."),
        (("audit", "large"), "The training file large cannot be read: it has more than 256 KiB."),
        (("dataset_info.json", "--train-config", "pipe"), "cannot be read: it is a named pipe, not a file."),
        (("dataset_info.json", "--config", "pipe"), "Cannot open pipe: it is a named pipe, not a file."),
        (("dataset_info.json", "--config", "large"), "Cannot open large: it has more than 4 MiB."),
        (("dataset_info.json", "--config", "deep.toml"), "deep.toml is not valid TOML: it is nested too deep."),
        (("dataset_info.json", "--config", "digits.toml"), "digits.toml is not valid TOML: it holds a number of more"),
        (("dataset_info.json", "--config", "nan.toml"), "nan.toml: max-rate.TK001: "),
        (("dataset_info.json", "--baseline", "pipe"), "pipe: it is a named pipe, not a file."),
        (("dataset_info.json", "--baseline", "huge.json"), "huge.json is not a baseline: accepted.0.findings."),
        (("dataset_info.json", "--rules", "pipe.py"), "pipe.py cannot be read: it is a named pipe, not a file."),
        (("watch", "log", "--follow", "nan"), "--follow nan: write seconds, up to 86,400."),
        (("watch", "log", "--follow", "-1"), "--follow -1.0: write seconds, up to 86,400."),
    ],
)
def test_one_sentence_and_2(mmvalidate, home, arguments, sentence):
    done = mmvalidate(*arguments, cwd=home)
    assert done.returncode == 2, done.stderr
    assert sentence in done.stderr and done.stderr.count("\n") <= 2 and len(done.stderr) < 6000


def test_what_the_shell_puts_in_the_place_of_a_command(mmvalidate, home):
    """`<(...)` can be read once."""
    (home / "train.yaml").write_text(
        "dataset: data\ndataset_dir: .\ndo_train: true\nmodel_name_or_path: m\ntemplate: qwen2_vl\nbf16: true\n"
    )
    command = '"$0" -m validator.cli.main dataset_info.json --workers 0 --train-config <(cat train.yaml)'
    done = subprocess.run(
        ["bash", "-c", command, sys.executable], capture_output=True, text=True, cwd=home, timeout=120
    )
    assert done.returncode in (0, 1) and "CF0" in done.stdout, done.stderr


def test_watch_takes_no_name_from_the_disk_for_more_than_text(mmvalidate, home):
    checkpoint = home / "log" / f"checkpoint-{EVIL}"
    checkpoint.mkdir()
    item = {"step": 1, "loss": 1.5, "grad_norm": -1.0}
    (checkpoint / "trainer_state.json").write_text(json.dumps({"log_history": [item], "global_step": 1}))
    (home / "log" / f"{EVIL}.log").write_text("{'loss': 1.5}\n")
    (home / "log" / "a.log").write_text("x" * 10)
    done = mmvalidate("watch", "log", cwd=home)
    assert done.returncode == 1 and "DeepSpeed's word for NaN or infinity" in done.stdout
    assert not {"\x1b", "\x07"} & set(done.stdout) and "[red]" in done.stdout
    assert not any(line.lstrip().startswith("::") for line in done.stdout.splitlines())


@pytest.mark.parametrize("content", [EVIL, {"a": EVIL}, Text(EVIL, style="bold")], ids=("text", "mapping", "styled"))
def test_no_report_prints_an_escape(content):
    """Whatever a run folder of unknown origin holds."""
    out = StringIO()
    console_for(out).print(content, markup=False)
    assert not {"\x1b", "\x07"} & set(out.getvalue()) and "evil" in out.getvalue()
    assert "##[" not in plain(EVIL)


def test_watch_calls_nothing_quiet_that_it_did_not_read(mmvalidate, home):
    (home / "log" / "run.log").write_text("{'loss': 1.5, 'grad_norm': 1.0}\n")
    done = mmvalidate("watch", "log", cwd=home)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "nothing suspicious")
    os.mkfifo(home / "log" / "trainer_log.jsonl")
    done = mmvalidate("watch", "log", cwd=home)
    assert done.returncode == 3
    assert done.stdout.splitlines()[1:] == [
        "trainer_log.jsonl was not read: it is a named pipe, not a file.",
        "nothing suspicious in what could be read; not everything could",
    ]


def test_nothing_in_a_log_ends_the_watching(home, monkeypatch):
    """Half written, replaced by a pipe, of odd numbers, removed: each look goes on to the next."""
    from typer.testing import CliRunner

    from validator.cli.main import app

    folder = home / "log"
    state, lines = folder / "trainer_state.json", folder / "trainer_log.jsonl"
    looks = [
        lambda: state.write_text('{"max_steps": 5, "log_hist'),
        lambda: state.write_text(
            '{"max_steps": "x", "global_step": 1e999, "log_history": [{"step": [], "loss": {}}, 7]}'
        ),
        lambda: lines.write_text('{"current_steps": 1' + "0" * 400 + ', "loss": 1' + "0" * 400 + "}\n"),
        lambda: (lines.unlink(), os.mkfifo(lines)),
        lambda: (lines.unlink(), state.unlink()),
        lambda: lines.write_text('{"current_steps": 1, "loss": 1.0, "grad_norm": -1}\n'),
    ]
    monkeypatch.setattr("validator.cli.watch.time.sleep", lambda _: looks.pop(0)())
    done = CliRunner().invoke(app, ["watch", str(folder), "--follow", "1"])
    assert done.exit_code == 1 and not looks and "hidden-nan: step 1" in done.stdout, done.output


READERS = {
    "settings": (lambda path: read(path, config_model(check)), "mmvalidate.toml"),
    "baseline": (load_baseline, "baseline.json"),
    "registry": (load_registry, "dataset_info.json"),
    "rows": (rows_named, "rows.jsonl"),
}
TABLES = st.dictionaries(st.sampled_from(["accepted", "version", "dataset", "file", "row", "file_name", "x"]), TREES)
TOML = st.text(alphabet='[]{}="\n.,#_-xef019nai \t', max_size=60)
SETTING = st.sampled_from(["cutoff-len", "max-rate", "per-dataset", "rules", "severity", "report", "workers", "replay"])
VALUE = st.sampled_from(
    ["inf", "-inf", "nan", "0x" + "f" * 400, "[[[]]]", "{a=nan}", "1979-05-27", '"\\u0000"', "true"]
)
CONTENT = (
    st.binary(max_size=50)
    | TOML.map(str.encode)
    | TABLES.map(lambda value: json.dumps(value).encode())
    | st.builds(lambda key, value: f"{key} = {value}".encode(), SETTING, VALUE)
)


@pytest.mark.parametrize("reader", READERS)
@given(CONTENT)
def test_any_content(reader, content):
    """A value, or ValueError with one sentence."""
    function, name = READERS[reader]
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / name).write_bytes(content)
        try:
            function(Path(scratch) / name)
        except ValueError as error:
            assert len(str(error)) < 1000 and "\n" not in str(error)


SIZE = TREES | st.sampled_from([float("inf"), float("nan"), 10**400, 0, -1, "x", True])
SIZES = ("min_pixels", "max_pixels", "patch_size", "merge_size", "size")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(SIZES, SIZE)) | TREES, TREES | TABLES)
def test_any_processor(settings, tokenizer):
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "tokenizer.json").write_text(json.dumps(tokenizer))
        (Path(scratch) / "preprocessor_config.json").write_text(json.dumps(settings))
        with pytest.raises(ValueError):
            load_processor(scratch)
