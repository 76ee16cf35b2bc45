"""Damaged checkpoints and backends, through the command: who is to blame, and what differs between two checkpoints."""

import shutil

from tests.conftest import say
from tests.environments import needs_replay
from tests.replay import saboteur
from tests.replay.command import call, findings, healthy, replayed, summary, verdicts

pytestmark = needs_replay


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


def systemic(dataset, model, tiny, *more, **options):
    run = dataset.folder / "run"
    arguments = ("--processor", tiny, "--model", model, "--replay", 4, "--run-dir", run, "--device", "cpu", *more)
    done = call(dataset.registry, *arguments, cwd=dataset.folder, **options)
    assert done.returncode == 1, done.stderr
    made, found = summary(run)["replay"], findings(run)
    assert {item["code"] for item in found} <= {"RP008", "RP010"} and all(
        item["row"] is None for item in found if item["code"] == "RP008"
    )
    assert made["verdict"] == "SYSTEMIC"
    accused = set(verdicts(run, "candidate").values()) | set(verdicts(run, "blind").values())
    return {item["modality"]: item for item in made["systemic"]}, accused, done


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
    compared = summary(rows.folder / "run")["replay"]["comparison"]
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
    assert summary(run)["replay"]["comparison"]["only_on_the_model"]
    assert "Remedies: helps/tried" in done.stdout and "The same samples on" in done.stdout


def test_grown_attention_is_seen_in_the_gradient_alone(rows, tiny, tmp_path):
    """Loss and activations are inconspicuous; the bf16 gradient is not the fp32 one."""
    found, _, _ = systemic(rows, damaged(tiny, tmp_path / "model", grow_attention), tiny)
    assert all(item["failure"] == "PRECISION_SENSITIVE" for item in found.values())
