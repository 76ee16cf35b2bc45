"""The command as users meet it, on real files and in real processes."""

import random
import shutil
import signal
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest

from tests.conftest import Dataset, say
from tests.environments import needs_replay
from tests.replay.command import WORDS, call, findings, healthy, replayed, summary, verdicts
from validator.engine.run_files.finished import FinishedRun

pytestmark = needs_replay


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """80 healthy rows and five faults, checked and replayed on `scale` with the cutoff at 512."""
    dataset = Dataset(tmp_path_factory.mktemp("planted"))
    rows = healthy(dataset, 80)
    dataset.image("large.png", (560, 560))
    long = " ".join(random.Random(1).choices(WORDS, k=520 * 300))
    rows += [
        say("What is <|image_pad|>?", "A token.", images=[]),
        say("word " * 400 + "<image>", "A thing.", images=["large.png"]),
        say(long, " ".join(WORDS * 30), images=[]),
        say("<image>", "A thing.", images=["gone.png"]),
        say("<image>What is this?", "A <|im_end|> thing.", images=["1.png"]),
    ]
    dataset.write(rows)
    arguments = (
        dataset.registry,
        "--replay",
        5,
        "--cutoff-len",
        512,
        "--device",
        "cpu",
        "--run-dir",
        dataset.folder / "run",
    )
    return dataset, call(*arguments, cwd=dataset.folder), arguments


def test_verdicts_on_scale(planted):
    """literal pad, image cut, no label, missing file, and a fault that a finite step does not show."""
    dataset, done, _ = planted
    assert done.returncode == 1, done.stderr
    run = dataset.folder / "run"
    found = {row["row"]: row for row in replayed(run)}
    assert verdicts(run, "candidate") == {80: "CRASH", 81: "CRASH", 82: "NO_TARGET", 83: "CRASH", 84: "STATIC_ONLY"}
    assert found[80]["stage"] in ("collator", "forward") and found[81]["stage"] == "collator"
    assert "shape mismatch" in found[81]["exception"]
    assert found[82]["num_label_tokens"] == 0 and found[82]["grad_norm"] == 0.0
    assert found[83]["stage"] == "preprocessing" and found[83]["exception"].startswith("FileNotFoundError")
    assert found[84]["static"] == ["PH004"]


def test_eighty_healthy_rows_give_no_alarm(planted):
    dataset, done, _ = planted
    run = dataset.folder / "run"
    groups = [row["group"] for row in replayed(run) if row["row"] < 80]
    assert sorted(groups) == ["blind"] * 16 + ["control"] * 64
    assert {row["verdict"] for row in replayed(run) if row["row"] < 80} == {"STABLE"}
    assert "false alarms: none of 16 healthy rows mixed in was flagged" in done.stdout
    assert "not judged on an untrained model: PRECISION_SENSITIVE, GRAD_SPIKE, LOSS_OUTLIER" in done.stdout


def test_findings_summary_and_schema(planted):
    dataset, _, _ = planted
    run = dataset.folder / "run"
    listed = findings(run)
    found = [(item["code"], item["row"]) for item in listed if item["code"].startswith("RP")]
    assert found == [("RP001", 80), ("RP001", 81), ("RP002", 82)]
    keys = [(item["dataset"], item["file"], item["row"], item["code"]) for item in listed]
    assert keys == sorted(keys)
    table = pq.read_table(run / "findings.parquet").to_pylist()
    assert [(row["code"], row["row"]) for row in table] == [(item["code"], item["row"]) for item in listed]
    made = summary(run)
    counted = {item["code"]: item["count"] for item in made["rules"]}
    assert counted["RP001"] == 2
    assert made["findings"]["error"] == sum(item["severity"] == "error" for item in listed)
    assert not any(item["code"].startswith("RP") for item in made["rules_not_run"])
    assert made["replay"]["verdict"] is None and made["replay"]["thresholds"] is None
    assert not (run / "replay.journal").exists()


def test_a_second_run_gives_the_same(planted):
    dataset, _, arguments = planted
    run, other = dataset.folder / "run", dataset.folder / "again"
    done = call(*arguments[:-1], other, cwd=dataset.folder)
    assert done.returncode == 1
    timing = ("seconds", "peak_bytes")
    first, second = (
        [{name: repr(value) for name, value in row.items() if name not in timing} for row in replayed(at)]  # NaN != NaN
        for at in (run, other)
    )
    assert first == second
    assert (run / "findings.jsonl").read_bytes() == (other / "findings.jsonl").read_bytes()


def test_replay_of_a_finished_run_and_a_check_without_replay(planted):
    """`replay RUN` takes the place of the earlier replay; `check` alone removes it."""
    dataset, _, arguments = planted
    run = dataset.folder / "finished"
    assert call(*arguments[:-1], run, cwd=dataset.folder).returncode == 1
    done = call("replay", run, "--candidates", 2, "--blind", 0, "--controls", 10, "--device", "cpu", cwd=dataset.folder)
    assert done.returncode == 1 and "false alarms: not measured" in done.stdout
    assert len(replayed(run)) == 12
    assert sum(item["code"].startswith("RP") for item in findings(run)) == 2
    assert call(dataset.registry, "--cutoff-len", 512, "--run-dir", run, cwd=dataset.folder).returncode == 1
    assert not (run / "replay.parquet").exists()
    assert "RP0" not in (run / "findings.jsonl").read_text()


def test_an_interrupted_replay_goes_on(planted):
    """Interrupted after some samples, the next call runs only the others and comes to the same verdicts."""
    dataset, _, arguments = planted
    run = dataset.folder / "interrupted"
    command = [sys.executable, "-m", "validator.cli.main", *map(str, (*arguments[:-1], run))]
    with subprocess.Popen(command, cwd=dataset.folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        journal = run / "replay.journal"
        while process.poll() is None and (not journal.exists() or journal.read_text().count("\n") < 20):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        stderr = process.stderr.read().decode()
    assert process.returncode == 3 and "interrupted" in stderr and "Traceback" not in stderr
    lines = journal.read_text().count("\n")
    assert lines >= 20
    journal.write_text(journal.read_text() + '{"identity": "half a li')
    watched = dataset.folder / "watched"
    shutil.copytree(run, watched)
    done = call("replay", run, "--candidates", 5, "--device", "cpu", cwd=dataset.folder)
    assert done.returncode == 1
    assert verdicts(run) == verdicts(dataset.folder / "run")
    from tests.replay.samples import Silent
    from validator.replaying.crew import Single
    from validator.replaying.run import prepare, replay
    from validator.replaying.settings import ReplaySettings
    from validator.replaying.supervisor import Supervisor

    class Counting(Single):
        ran = 0

        def answers(self, tasks):
            self.ran += len(tasks)
            return super().answers(tasks)

    settings = ReplaySettings(candidates=5, device="cpu", remedies=0)
    crew = Counting(Supervisor(prepare(FinishedRun(watched), settings)))
    outcome = replay(FinishedRun(watched), settings, Silent(), lambda setup: crew)
    assert crew.ran == 64 + 16 + 4 - lines and len(outcome.samples) == 85


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--replay", "some"), "--replay some: must be off, auto, or a number of rows"),
        (("--replay", "3", "--model", "./nowhere"), "--model ./nowhere: no such folder"),
        (("--replay", "3", "--dtype", "fp16"), "fp16 is refused"),
        (("--replay", "3", "--device", "tpu"), "device"),
        (("--replay", "3", "--device", "cuda"), "--device cuda: torch sees no CUDA device"),
    ],
)
def test_bad_usage(dataset, arguments, sentence):
    done = call(dataset.write([say("a", "b")]), *arguments, cwd=dataset.folder)
    assert done.returncode == 2 and sentence in done.stderr and "Traceback" not in done.stderr


def test_no_run(tmp_path):
    done = call("replay", tmp_path, cwd=tmp_path)
    assert done.returncode == 2 and "is not a finished run" in done.stderr


def test_a_model_with_another_vocabulary(planted, tiny):
    dataset, _, _ = planted
    done = call("replay", dataset.folder / "run", "--model", tiny, "--device", "cpu", cwd=dataset.folder)
    assert done.returncode == 2
    assert "has 768 tokens and the processor qwen2-vl ids up to 151,656" in done.stderr
