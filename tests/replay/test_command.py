"""The command as users meet it, on real files and in real processes."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time

import jsonschema
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.conftest import ROOT, Dataset, say
from tests.replay import saboteur
from tests.replay.conftest import needs_torch

pytestmark = needs_torch
WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def call(*arguments, cwd, **options):
    command = [sys.executable, "-m", "validator.cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, **options)


def replayed(run):
    return pq.read_table(run / "replay.parquet").to_pylist()


def verdicts(run, group=None):
    return {row["row"]: row["verdict"] for row in replayed(run) if group is None or row["group"] == group}


def healthy(dataset, number):
    rng = random.Random(5)
    rows = []
    for index in range(number):
        text = " ".join(rng.choices(WORDS, k=rng.randrange(2, 12)))
        if index % 2:
            picture = dataset.image(f"{index}.png", (rng.randrange(60, 160), rng.randrange(60, 160)))
            rows.append(say(f"<image>{text}?", text, images=[picture]))
        else:
            rows.append(say(f"{text}?", text, images=[]))
    return rows


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
    assert "false alarms: 0 among 16 blind healthy controls" in done.stdout
    assert "not judged on an untrained model: PRECISION_SENSITIVE, GRAD_SPIKE, LOSS_OUTLIER" in done.stdout


def test_findings_summary_and_schema(planted):
    dataset, _, _ = planted
    run = dataset.folder / "run"
    findings = [json.loads(line) for line in (run / "findings.jsonl").read_text().splitlines()]
    found = [(item["code"], item["row"]) for item in findings if item["code"].startswith("RP")]
    assert found == [("RP001", 80), ("RP001", 81), ("RP002", 82)]
    keys = [(item["dataset"], item["file"], item["row"], item["code"]) for item in findings]
    assert keys == sorted(keys)
    table = pq.read_table(run / "findings.parquet").to_pylist()
    assert [(row["code"], row["row"]) for row in table] == [(item["code"], item["row"]) for item in findings]
    summary = json.loads((run / "summary.json").read_text())
    jsonschema.validate(summary, json.loads((ROOT / "schemas" / "summary.schema.json").read_text()))
    counted = {item["code"]: item["count"] for item in summary["rules"]}
    assert counted["RP001"] == 2 and summary["findings"]["error"] == sum(
        item["severity"] == "error" for item in findings
    )
    assert not any(item["code"].startswith("RP") for item in summary["rules_not_run"])
    assert summary["replay"]["verdict"] is None and summary["replay"]["thresholds"] is None
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
    found = [json.loads(line)["code"] for line in (run / "findings.jsonl").read_text().splitlines()]
    assert sum(code.startswith("RP") for code in found) == 2
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
    from tests.replay.conftest import Silent
    from validator.replay.crew import Single
    from validator.replay.run import prepare, replay
    from validator.replay.settings import ReplaySettings
    from validator.replay.supervisor import Supervisor

    class Counting(Single):
        ran = 0

        def answers(self, tasks):
            self.ran += len(tasks)
            return super().answers(tasks)

    settings = ReplaySettings(candidates=5, device="cpu", remedies=0)
    crew = Counting(Supervisor(prepare(watched, settings)))
    outcome = replay(watched, settings, Silent(), lambda setup: crew)
    assert crew.ran == 64 + 16 + 4 - lines and len(outcome.samples) == 85


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--replay", "some"), "--replay some: it is off, auto, or a number of rows"),
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
    assert done.returncode == 2 and "is no finished run" in done.stderr


def test_a_model_with_another_vocabulary(planted, tiny):
    dataset, _, _ = planted
    done = call("replay", dataset.folder / "run", "--model", tiny, "--device", "cpu", cwd=dataset.folder)
    assert done.returncode == 2
    assert "has 768 tokens and the processor embedded ids up to 151,656" in done.stderr


# ---- when the controls fail -----------------------------------------------------------------------
def damaged(tiny, folder, change):
    """A copy of the checkpoint with some weights changed."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(tiny, folder, ignore=shutil.ignore_patterns("train"))
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def spoil_a_norm(tensors):
    tensors["model.layers.1.input_layernorm.weight"][3] = float("nan")


def spoil_vision_start(tensors):
    from scripts.tiny_checkpoint import FOLDER
    from validator.tokens.processor import load_processor

    tensors["model.embed_tokens.weight"][load_processor(str(FOLDER)).token_id("<|vision_start|>")] = float("nan")


def grow_attention(tensors):
    for name in tensors:
        if "q_proj" in name or "k_proj" in name:  # of the language model: the tower has qkv
            tensors[name] *= 8


@pytest.fixture
def rows(dataset):
    dataset.write(healthy(dataset, 60))
    return dataset


def systemic(dataset, model, tiny, *more, **options):
    run = dataset.folder / "run"
    arguments = ("--processor", tiny, "--model", model, "--replay", 4, "--run-dir", run, "--device", "cpu", *more)
    done = call(dataset.registry, *arguments, cwd=dataset.folder, **options)
    assert done.returncode == 1, done.stderr
    summary = json.loads((run / "summary.json").read_text())["replay"]
    found = [json.loads(line) for line in (run / "findings.jsonl").read_text().splitlines()]
    assert {item["code"] for item in found} <= {"RP008", "RP010"} and all(
        item["row"] is None for item in found if item["code"] == "RP008"
    )
    assert summary["verdict"] == "SYSTEMIC"
    accused = set(verdicts(run, "candidate").values()) | set(verdicts(run, "blind").values())
    return {item["modality"]: item for item in summary["systemic"]}, accused, done


def test_a_damaged_checkpoint(rows, tiny, tmp_path):
    found, accused, done = systemic(rows, damaged(tiny, tmp_path / "model", spoil_a_norm), tiny)
    assert set(found) == {"text", "image"} and accused == {"INCONCLUSIVE"}
    for item in found.values():
        assert item["failed"] == item["controls"] and item["failure"] == "NON_FINITE"
        assert item["first"] == "model.language_model.layers.1.input_layernorm"
        assert set(item["ladder"].values()) == {"fails"}
        assert item["culprit"].startswith("the checkpoint: ")
    assert "SYSTEMIC: " in done.stdout


def test_a_damaged_backend(rows, tiny, tmp_path, monkeypatch):
    saboteur.install(tmp_path / "site", monkeypatch, SABOTAGED_ATTENTION="1")
    found, accused, _ = systemic(rows, tiny, tiny)
    assert set(found) == {"text", "image"} and accused == {"INCONCLUSIVE"}
    for item in found.values():
        assert item["ladder"]["eager"].startswith("finite") and item["ladder"]["fp32"] == "fails"
        assert item["culprit"].startswith("the backend: the attention kernel")


def test_a_spoiled_vision_start(rows, tiny, tmp_path):
    """The embedding that only pictures use. The trainer's fake picture carries it into text batches too: its place is
    masked, but zero times NaN is NaN. Without the fake picture text is finite, and the ladder says so.
    """
    found, accused, _ = systemic(rows, damaged(tiny, tmp_path / "model", spoil_vision_start), tiny)
    assert set(found) == {"text", "image"} and accused == {"INCONCLUSIVE"}
    assert {item["first"] for item in found.values()} == {"model.language_model.embed_tokens"}
    assert found["text"]["ladder"] == {**dict.fromkeys(found["image"]["ladder"], "fails"), "bare": "finite"}
    assert found["text"]["culprit"].startswith("the checkpoint's part for pictures")
    assert "bare" not in found["image"]["ladder"] and found["image"]["culprit"].startswith("the checkpoint: ")


def test_a_reference_model_that_passes(rows, tiny, tmp_path):
    damage = damaged(tiny, tmp_path / "model", grow_attention)
    found, accused, _ = systemic(rows, damage, tiny, "--reference-model", tiny)
    assert accused == {"INCONCLUSIVE"}
    for item in found.values():
        assert item["ladder"]["reference"] == "finite"
        assert item["culprit"] == "the checkpoint: the reference model passes on the same samples"
    compared = json.loads((rows.folder / "run" / "summary.json").read_text())["replay"]["comparison"]
    assert compared["table"]["control"]["only on the model"] >= 20 and compared["systemic"] == []
    assert all("self_attn attention logits may be" in item for item in compared["differences"][:4])
    alone = [row for row in replayed(rows.folder / "run") if row["difference"]]
    assert {row["reference_verdict"] for row in alone} <= {"STABLE", "INCONCLUSIVE"}
    assert all("attention logits may be 64 times as large" in row["difference"] for row in alone)


def spoil_a_token(tensors):
    from scripts.tiny_checkpoint import FOLDER
    from validator.tokens.processor import load_processor

    tensors["model.embed_tokens.weight"][load_processor(str(FOLDER)).token_id("<|box_start|>")] = float("nan")


def test_rows_that_break_on_one_checkpoint_only(dataset, tiny, tmp_path):
    """NaN in the embedding of a token that two rows hold: their remedies, and what differs where they break."""
    rows = healthy(dataset, 60) + [say(f"{word}?", f"<|box_start|>{word}", images=[]) for word in ("two", "nine")]
    dataset.write(rows)
    run = dataset.folder / "run"
    assert call(dataset.registry, "--processor", tiny, "--run-dir", run, cwd=dataset.folder).returncode == 0
    model = damaged(tiny, tmp_path / "model", spoil_a_token)
    options = ("--model", model, "--reference-model", tiny, "--candidates", 30, "--blind", 0, "--controls", 32)
    done = call("replay", run, *options, "--device", "cpu", cwd=dataset.folder)
    assert done.returncode == 1, done.stderr
    found = {row["row"]: row for row in replayed(run) if row["row"] >= 60}
    assert {row["verdict"] for row in found.values()} == {"NON_FINITE"}
    for row in found.values():
        remedies = {remedy["name"]: remedy for remedy in row["remedies"]}
        assert not any(remedies[name]["helps"] for name in ("clip 1.0", "batch 2 x accumulation 2", "fp32"))
        assert "nan" in remedies["clip 1.0"]["effect"] and remedies["clip 1.0"]["measured"]
        assert "model.language_model.embed_tokens.weight has NaN or Inf in 128 elements" in row["difference"]
    summary = json.loads((run / "summary.json").read_text())
    jsonschema.validate(summary, json.loads((ROOT / "schemas" / "summary.schema.json").read_text()))
    assert "Remedies: helps/tried" in done.stdout and "The same samples on" in done.stdout


def test_grown_attention_is_seen_in_the_gradient_alone(rows, tiny, tmp_path):
    """Loss and activations are inconspicuous; the bf16 gradient is not the fp32 one."""
    found, _, _ = systemic(rows, damaged(tiny, tmp_path / "model", grow_attention), tiny)
    assert all(item["failure"] == "PRECISION_SENSITIVE" for item in found.values())


def test_a_picture_that_changed_after_the_check(rows):
    run = rows.folder / "run"
    assert call(rows.registry, "--run-dir", run, cwd=rows.folder).returncode == 0
    Image.new("RGB", (600, 400)).save(rows.folder / "1.png")
    done = call("replay", run, "--candidates", 60, "--controls", 0, "--device", "cpu", cwd=rows.folder)
    assert done.returncode == 1
    found = [json.loads(line) for line in (run / "findings.jsonl").read_text().splitlines()]
    assert [(item["code"], item["row"]) for item in found] == [("RP001", 1), ("RP009", 1)]
    assert "tokens, the processor [294]" in found[1]["message"]


def test_a_row_that_changed_after_the_check(rows):
    run = rows.folder / "run"
    assert call(rows.registry, "--run-dir", run, cwd=rows.folder).returncode == 0
    data = rows.folder / "data.jsonl"
    data.write_text(data.read_text().replace('"content"', '"content" ', 1))
    done = call("replay", run, "--candidates", 60, "--controls", 0, "--device", "cpu", cwd=rows.folder)
    assert done.returncode == 0
    found = {row["row"]: (row["verdict"], row["why"]) for row in replayed(run)}
    assert found.pop(0) == ("INCONCLUSIVE", "the row is not what it was when the run was made: check the dataset again")
    assert {verdict for verdict, _ in found.values()} == {"STABLE"}


def test_a_registry_that_was_given_relative_to_another_folder(rows):
    assert call("dataset_info.json", "--run-dir", "run", cwd=rows.folder).returncode == 0
    elsewhere = rows.folder / "elsewhere"
    elsewhere.mkdir()
    done = call("replay", "../run", "--device", "cpu", cwd=elsewhere)
    assert done.returncode == 2 and "dataset_info.json does not exist" in done.stderr
