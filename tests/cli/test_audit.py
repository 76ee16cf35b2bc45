"""`mmvalidate audit`, `watch` and `--train-config` as users meet them."""

import json
import re
import shutil

import jsonschema
import pyarrow.parquet as pq
import pytest

from tests.conftest import ROOT
from tests.helpers.checkpoints import Checkpoint
from tests.helpers.golden import assert_golden

ORIGIN = "deepspeed=0.14.4,torch=2.4.0,transformers=4.49.0,accelerate=1.0.1"
STAGE2 = "sample_data/stage2/train.yaml"


@pytest.fixture
def home(tmp_path):
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    return tmp_path


pytestmark = pytest.mark.usefixtures("undrawn")


def audit(mmvalidate, home, *options):
    return mmvalidate("audit", STAGE2, "--workers", "0", "-q", *options, cwd=home)


@pytest.mark.golden
def test_the_origin_case(mmvalidate, home):
    done = audit(mmvalidate, home, "--versions", ORIGIN, "--gpus", "8", "--gpu-memory", "80")
    assert done.returncode == 1, done.stderr
    assert_golden(ROOT / "tests" / "cli" / "golden" / "origin_audit.txt", done.stdout)
    assert done.stdout in (ROOT / "docs" / "origin-case.md").read_text(encoding="utf-8")
    summary = json.loads((home / ".mmvalidate" / "stage2" / "summary.json").read_text())
    jsonschema.validate(summary, json.loads((ROOT / "schemas" / "summary.schema.json").read_text()))
    page = summary["audit"]
    assert page["verdict"] == "NO-GO" and page["reasons"][0]["code"] == "CF004"
    lines = (home / ".mmvalidate" / "stage2" / "findings.jsonl").read_text().splitlines()
    findings = [json.loads(line) for line in lines]
    html = (home / ".mmvalidate" / "stage2" / "report.html").read_text()
    assert "Audit of the run" in html and "NO-GO: 1 error, 3 warnings" in html and "deepspeed 0.14.4 does not" in html
    assert {"CF004", "CF007", "TK007"} <= {finding["code"] for finding in findings}


def test_the_origin_case_mended(mmvalidate, home):
    config = home / "sample_data" / "stage2" / "ds_z2_config.json"
    config.write_text(config.read_text().replace('"overlap_comm": true', '"overlap_comm": false'))
    done = audit(mmvalidate, home, "--versions", "deepspeed=0.19.8,torch=2.9.0", "--gpus", "8")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        0,
        "GO WITH WARNINGS: 2 warnings",
    )  # short answers, boxes in pixels
    train = home / STAGE2
    train.write_text(train.read_text().replace("train_batch_size: 1", "train_batch_size: 8"))
    done = audit(mmvalidate, home, "--versions", "deepspeed=0.19.8,torch=2.9.0", "--gpus", "8", "--json")
    assert done.returncode == 0, done.stderr
    assert [item["code"] for item in json.loads(done.stdout)["reasons"] if item["severity"] != "info"] == ["IM017"]


def test_a_mistyped_key_and_a_row_that_crashes(mmvalidate, home):
    train = home / STAGE2
    train.write_text(train.read_text() + "image_max_pixel: 4\n")
    rows = home / "sample_data" / "stage2" / "phone_web_screens.jsonl"
    rows.write_text(rows.read_text().replace("phone_0.png", "gone.png"))
    done = audit(mmvalidate, home, "--versions", "deepspeed=0.19.8")
    assert done.returncode == 1
    assert "Did you mean `image_max_pixels`?" in done.stdout
    assert re.search(r"phone_web_screens.jsonl \(row \d+\) MD001 .*gone.png.*\(and \d+ more\)", done.stdout)


def test_checkpoints_alone(mmvalidate, tmp_path):
    base = Checkpoint().write(tmp_path / "base")
    broken = Checkpoint()
    broken.weights["model.visual.merger.mlp.0.weight"][3, 1] = float("nan")
    broken.write(tmp_path / "broken")
    done = mmvalidate("audit", "--checkpoint", base, "--base", base)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "GO")
    done = mmvalidate("audit", "--checkpoint", tmp_path / "broken")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "NO-GO: 1 error")
    assert "`visual.merger.mlp.0.weight`" in done.stdout and "the first at [3, 1]" in done.stdout


def test_a_hub_model_that_is_not_here(mmvalidate, home, monkeypatch):
    """Named by the training file it leaves the exit code alone; named by --checkpoint it does not."""
    monkeypatch.setenv("HF_HOME", str(home / "hub_home"))
    done = mmvalidate("audit", "--checkpoint", "Qwen/Qwen2-VL-7B-Instruct")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (3, "UNDECIDED: something was not checked")
    assert "Qwen/Qwen2-VL-7B-Instruct: not audited, it is not on this disk" in done.stdout
    snapshot = home / "hub_home" / "hub" / "models--Qwen--Qwen2-VL-7B-Instruct" / "snapshots" / "abc"
    snapshot.parent.mkdir(parents=True)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc")
    Checkpoint().write(snapshot)
    done = mmvalidate("audit", "--checkpoint", "Qwen/Qwen2-VL-7B-Instruct")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "GO")


def test_a_checkpoint_on_disk_is_audited_with_the_run(mmvalidate, home):
    checkpoint = Checkpoint()
    checkpoint.weights["lm_head.weight"][7, 7] = float("inf")
    checkpoint.write(home / "stage1").joinpath("tokenizer.json").unlink()
    train = home / STAGE2
    train.write_text(train.read_text().replace("Qwen/Qwen2-VL-7B-Instruct", "stage1"))
    done = audit(mmvalidate, home, "--versions", "deepspeed=0.19.8", "--replay", "off")
    assert done.returncode == 1
    assert "stage1 CK006 `lm_head.weight`" in done.stdout and "not audited" not in done.stdout


def test_a_checkpoint_without_weights_is_a_finding(mmvalidate, home):
    """Beside a training file and alone; what cannot be audited is said, and no more is."""
    empty, pickled = home / "stage1", home / "pickled"
    for folder in (empty, pickled):
        folder.mkdir()
        (folder / "config.json").write_text('{"model_type": "qwen2_5_vl"}')
    (pickled / "pytorch_model.bin").write_text("")
    done = mmvalidate("audit", "--checkpoint", "stage1", cwd=home)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "NO-GO: 1 error"), done.stderr
    assert "stage1 CK014 it holds no weights" in done.stdout
    done = mmvalidate("audit", "--checkpoint", "pickled", cwd=home)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (3, "UNDECIDED: something was not checked")
    assert "pickled: not audited, its weights are in pytorch_model.bin; only safetensors are audited" in done.stdout
    train = home / STAGE2
    train.write_text(train.read_text().replace("Qwen/Qwen2-VL-7B-Instruct", "stage1"))
    done = audit(mmvalidate, home, "--versions", "deepspeed=0.19.8", "--replay", "off")
    assert done.returncode == 1 and "stage1 CK014 it holds no weights" in done.stdout, done.stderr


def test_lora_on_one_gpu_can_be_go(mmvalidate, home):
    train = home / STAGE2
    text = train.read_text().replace("finetuning_type: full", "finetuning_type: lora")
    text = re.sub("deepspeed: .*\n", "", text.replace("train_batch_size: 1", "train_batch_size: 8"))
    train.write_text(text + "logging_nan_inf_filter: false\n")
    done = audit(mmvalidate, home, "--versions", "torch=2.9.0", "--gpus", "1", "--json")
    page = json.loads(done.stdout)
    assert (done.returncode, page["verdict"]) == (0, "GO WITH WARNINGS"), page["reasons"]
    assert [item["code"] for item in page["reasons"] if item["severity"] != "info"] == ["IM017"]
    assert [item["severity"] for item in page["reasons"] if item["code"] == "CF006"] == ["info"]
    summary = json.loads((home / ".mmvalidate" / "stage2" / "summary.json").read_text())
    assert [item["severity"] for item in summary["rules"] if item["code"] == "CF006"] == ["info"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("audit",), "name a training file, or a checkpoint with --checkpoint"),
        (("audit", "nowhere.yaml"), "The training file nowhere.yaml cannot be read"),
        (("audit", "--checkpoint", "nowhere"), "--checkpoint nowhere: no such folder, and"),
        (("audit", STAGE2, "--versions", "deepspeed"), "write PACKAGE=VERSION"),
        (("--train-config", "nowhere.yaml"), "The training file nowhere.yaml cannot be read"),
        (("watch", "nowhere"), "nowhere is not a folder."),
        (("watch", "sample_data"), "holds no log of a training"),
    ],
)
def test_bad_usage_is_one_sentence_and_2(mmvalidate, home, arguments, sentence):
    done = mmvalidate(*arguments, cwd=home)
    assert done.returncode == 2, done.stdout
    assert sentence in done.stderr and "Traceback" not in done.stderr


def test_a_check_takes_its_settings_from_the_training_file(mmvalidate, home):
    options = ("--versions", "deepspeed=0.14.4", "--workers", "0", "-q", "--output-format", "json")
    done = mmvalidate("--train-config", STAGE2, *options, cwd=home)
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    settings = report["summary"]["settings"]
    assert (settings["cutoff_len"], settings["media_dir"]) == (8192, "sample_data")
    assert settings["datasets"] == ["instructions", "phone_web_screens"]
    assert "CF004" in {finding["code"] for finding in report["findings"]}
    left = {item["reason"] for item in report["summary"]["rules_not_run"] if item["code"].startswith("CF")}
    assert left == {"not for the trainer llamafactory"}  # those on TRL's files
    done = mmvalidate("--train-config", STAGE2, "--cutoff-len", "4096", "--dataset", "instructions", *options, cwd=home)
    settings = json.loads(done.stdout)["summary"]["settings"]
    assert (settings["cutoff_len"], settings["datasets"]) == (4096, ["instructions"]), "flags come first"


@pytest.mark.proof
def test_the_cost_is_that_of_the_rows(mmvalidate, home):
    done = audit(mmvalidate, home, "--versions", ORIGIN, "--gpus", "8", "--json")
    cost = json.loads(done.stdout)["cost"]
    rows = pq.read_table(home / ".mmvalidate" / "stage2" / "samples.parquet").to_pylist()
    tokens = [row["num_tokens"] for row in rows]
    padded = sum(-(-length // 8) * 8 for length in tokens)
    assert (cost["rows"], cost["tokens_per_epoch"]) == (220, sum(tokens))
    assert cost["images_per_epoch"] == sum(row["num_images"] for row in rows)
    assert cost["steps"] == cost["steps_per_epoch"] == 7  # 220 rows, 8 GPUs x 1 x 4
    assert cost["padding_share"] == pytest.approx(1 - sum(tokens) / padded, abs=1e-4)  # 4 rows are fed twice
    assert cost["worst_batch"]["tokens"] == -(-max(tokens) // 8) * 8
    train = home / STAGE2
    train.write_text(train.read_text().replace("cutoff_len: 8192", "cutoff_len: 200"))
    cost = json.loads(audit(mmvalidate, home, "--versions", ORIGIN, "--json").stdout)["cost"]
    cut = pq.read_table(home / ".mmvalidate" / "stage2" / "samples.parquet").to_pylist()
    kept, whole = sum(row["num_label_tokens"] for row in cut), sum(row["num_label_tokens"] for row in rows)
    assert cost["truncated_label_share"] == round(1 - kept / whole, 6) > 0


def history(folder, norms):
    folder.mkdir()
    logged = [{"step": step, "loss": 1.0, "grad_norm": norm} for step, norm in enumerate(norms, 1)]
    state = {"global_step": len(norms), "max_steps": 7, "log_history": logged}
    (folder / "trainer_state.json").write_text(json.dumps(state))


def test_watch(mmvalidate, home):
    assert audit(mmvalidate, home, "--versions", ORIGIN).returncode == 1
    history(home / "quiet", [1.0] * 7)
    done = mmvalidate("watch", "quiet", cwd=home)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "nothing suspicious")
    (home / "lossless").mkdir()
    for logged, code, said in (
        ({"step": 5, "grad_norm": 1.0}, 0, "no loss is logged: only gradient norms are judged"),
        ({"step": 5, "learning_rate": 1e-5}, 3, "neither a loss nor a gradient norm is logged"),
    ):
        state = {"global_step": 5, "max_steps": 7, "log_history": [logged]}
        (home / "lossless" / "trainer_state.json").write_text(json.dumps(state))
        done = mmvalidate("watch", "lossless", cwd=home)
        assert (done.returncode, said in done.stdout) == (code, True), done.stdout
    history(home / "bad", [1.0] * 3 + [float("nan")] * 4)
    (home / "mine.txt").write_text("mine")
    (home / "rows.jsonl").symlink_to("mine.txt")
    options = ("--train-config", STAGE2, "--run", ".mmvalidate/stage2", "--write-rows", "rows.jsonl")
    done = mmvalidate("watch", "bad", *options, cwd=home)
    assert done.returncode == 1
    assert "hidden-nan: step 4: grad_norm nan and loss 1.0, and since" in done.stdout
    assert "step 4 fed 32 rows on 8 GPUs:" in done.stdout, "the number of GPUs follows from the number of steps"
    assert (home / "mine.txt").read_text() == "mine", "nothing is written through a link"
    rows = [json.loads(line) for line in (home / "rows.jsonl").read_text().splitlines()]
    assert len(rows) == 32 and set(rows[0]) == {"dataset", "file", "row"}
    done = mmvalidate("watch", "bad", *options, "--gpus", "2", cwd=home)
    assert "which rows were fed is not known: these data give 28 steps on 2 GPUs, the run has 7" in done.stdout
    train = home / STAGE2
    train.write_text(train.read_text() + "packing: true\n")
    done = mmvalidate("watch", "bad", *options, "--gpus", "8", cwd=home)
    assert "which rows were fed is not known" in done.stdout and done.returncode == 1
