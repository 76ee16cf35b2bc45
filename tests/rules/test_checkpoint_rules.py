"""The CK rules: planted faults in checkpoints, and sound ones; and the audit's own arithmetic."""

import numpy as np
import pytest

from tests.helpers.checkpoints import CONFIG, TOKENIZER, Checkpoint, old_name, write_safetensors
from validator.auditing.judge import checkpoint_findings
from validator.checkpoint.audit import audit
from validator.checkpoint.names import EMBEDDING, canonical, expected
from validator.checkpoint.record import CheckpointCase
from validator.checkpoint.stream import PIECE
from validator.rules.registry import all_rules

LAYER = "model.language_model.layers.1."


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return Checkpoint().write(tmp_path_factory.mktemp("base") / "base")


def findings(folder, base=None, **case):
    facts = audit(folder, base)
    return {finding.code: finding for finding in checkpoint_findings(CheckpointCase(facts, **case))}


def test_a_sound_checkpoint_is_quiet(base, tmp_path):
    assert findings(base) == {}
    assert findings(base, base) == {}
    trained = Checkpoint()
    for name, values in trained.weights.items():
        if "visual" not in name:
            trained.weights[name] = values * 1.01
    assert findings(trained.write(tmp_path / "trained", old_names=False), base) == {}


def test_names_of_transformers_4_and_5_are_the_same():
    assert {canonical(old_name(name)) for name in expected(CONFIG)} == set(expected(CONFIG))


def _one_nan(weights):
    weights[LAYER + "mlp.down_proj.weight"][5, 7] = np.nan


def _nan_row(weights):
    weights[EMBEDDING][151652] = np.nan


def _scaled(name, factor):
    def change(weights):
        for each in weights:
            if name in each:
                weights[each] = weights[each] * factor

    return change


def _special_row(weights):
    weights[EMBEDDING][151652] = 9.0


def _missing(weights):
    del weights[LAYER + "mlp.up_proj.weight"]


def _unknown(weights):
    weights["module.lm_head.weight"] = np.ones(3)


def _shape(weights):
    weights[LAYER + "mlp.up_proj.weight"] = np.ones((48, 31))


def _huge(weights):
    weights[LAYER + "mlp.up_proj.weight"][0, 0] = 1e30


PLANTED = {
    "one NaN": (_one_nan, False, {"CK006": "`model.layers.1.mlp.down_proj.weight` of model-0000"}),
    "NaN in the row of a token": (_nan_row, False, {"CK006": "[151652, 0], the row of <|vision_start|>"}),
    "weight missing": (_missing, False, {"CK002": f"`{LAYER}mlp.up_proj.weight` missing"}),
    "wrapper's prefix": (_unknown, False, {"CK003": "`module.lm_head.weight`: not part of"}),
    "other shape": (_shape, False, {"CK004": "is 48 x 31, config.json says 48 x 32"}),
    "row of a token": (_special_row, False, {"CK010": "times as long as the median row"}),
    "row of a token has moved": (_special_row, True, {"CK010": "has moved by"}),
    "element of 1e30": (_huge, False, {"CK012": "has an element of 9.95e+29"}),
    "frozen tower": (_scaled("visual.blocks", 1.03), True, {"CK007": "the vision tower should be frozen, but 12 of"}),
    "q and k four times as large": (_scaled("1.self_attn.q_proj.weight", 16), True, {"CK008": "16 times", "CK012": ""}),
    "norms three times as large": (_scaled("layernorm.weight", 3), True, {"CK009": "4 norm weights"}),
    "matrix twice as large": (_scaled("mlp.gate_proj", 3), True, {"CK012": "is 3 times the base's size"}),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_faults_are_found(name, base, tmp_path):
    plant, compared, wanted = PLANTED[name]
    checkpoint = Checkpoint()
    plant(checkpoint.weights)
    found = findings(checkpoint.write(tmp_path / "planted"), base if compared else None)
    assert {code: wanted[code] in found[code].message for code in found} == dict.fromkeys(wanted, True), found


def problems(folder):
    """Everything that CK001 says."""
    return " ".join(item.message for item in checkpoint_findings(CheckpointCase(audit(folder))) if item.code == "CK001")


def test_files(base, tmp_path):
    cut = Checkpoint().write(tmp_path / "cut")
    shard = cut / "model-00002-of-00002.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1000])
    assert "is not a safetensors file that loads" in problems(cut)
    shard.unlink()
    assert "cannot be read" in problems(cut)
    shard.write_bytes(b"<html>" * 100)
    assert "is not a safetensors file" in problems(cut)
    wrong = Checkpoint().write(tmp_path / "wrong", wrong_index=True)
    assert "it lies in model-00001-of-00002.safetensors" in problems(wrong)
    (wrong / "config.json").unlink()
    assert "config.json is missing" in problems(wrong)
    (wrong / "model.safetensors.index.json").write_text("[]")
    assert "model.safetensors.index.json is not a checkpoint index" in problems(wrong)
    with pytest.raises(ValueError, match="holds no weights to compare with"):
        audit(base, tmp_path)


@pytest.mark.parametrize(
    ("files", "reason", "remedy"),
    [
        (["config.json"], "it holds no weights (none of model.safetensors,", "Copy or save the weights again."),
        (["model-00001-of-00002.safetensors"], "00002.safetensors lies in it, but neither", "Copy model.safetensors.i"),
        (["checkpoint-90/model.safetensors", "checkpoint-100/model.safetensors"], "checkpoint-100 in it", "Name "),
        (["checkpoint-90/adapter_model.bin", "checkpoint-100/config.json"], "checkpoint-90 in it does", "Name "),
        (["global_step100/mp_rank_00_model_states.pt"], "only DeepSpeed's own state", "with the zero_to_fp32.py"),
    ],
)
def test_a_folder_without_weights(files, reason, remedy, tmp_path):
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("{}")
    (found,) = findings(tmp_path).values()
    assert (found.code, found.severity) == ("CK014", "error") and reason in found.message and remedy in found.help


def test_weights_that_are_no_safetensors(tmp_path):
    """Trainers load them; nothing is found, and it is said that nothing was looked at."""
    (tmp_path / "pytorch_model.bin").write_text("")
    with pytest.raises(ValueError, match=r"its weights are in pytorch_model.bin; only safetensors are audited"):
        audit(tmp_path)


def test_another_family(tmp_path):
    other = Checkpoint()
    other.config = {"model_type": "llama", "hidden_size": 32}
    other.weights["model.layers.7.bias"] = np.ones(3)
    other.weights[EMBEDDING][151652] = 9.0  # some word, in a Llama
    (found,) = findings(_without_tokenizer(other.write(tmp_path / "llama"))).values()
    assert (found.code, found.severity) == ("CK015", "warning")
    assert "says llama, which is not a Qwen2-VL" in found.message
    _one_nan(other.weights)
    assert set(findings(other.write(tmp_path / "llama"))) == {"CK006", "CK010", "CK015"}


def _without_tokenizer(folder):
    (folder / "tokenizer.json").unlink()
    return folder


@pytest.mark.parametrize("dtype", ["F16", "I64"])
def test_types(dtype, tmp_path):
    folder = Checkpoint().write(tmp_path / "half", dtype)
    assert f"in {dtype}" in findings(folder)["CK005"].message


def test_embedding_smaller_than_the_tokenizer(tmp_path):
    checkpoint = Checkpoint()
    checkpoint.tokenizer = {**TOKENIZER, "added_tokens": [{"id": 151_680, "content": "<new>"}]}
    folder = checkpoint.write(tmp_path / "small")
    assert "the embedding has 151,680 rows" in findings(folder)["CK011"].message
    assert "CK011" in findings(Checkpoint().write(tmp_path / "other"), tokens=200_000)


EDGE = np.float32(2.0**127 * (2 - 2**-8))
"""What BF16 rounds to infinity begins here."""


@pytest.mark.parametrize(
    ("dtype", "value", "precision", "found"),
    [
        ("F32", np.finfo(np.float32).min, "bf16", True),
        ("F32", EDGE, "bf16", True),
        ("F32", np.nextafter(EDGE, np.float32(0)), "bf16", False),
        ("F32", np.finfo(np.float32).min, "fp32", False),
        ("BF16", 3.3895e38, "bf16", False),
        ("F32", 65520.0, "fp16", True),
        ("F32", -65519.0, "fp16", False),
        ("BF16", 1e5, "fp16", True),
        ("F16", 65504.0, "fp16", False),
    ],
)
def test_values_that_become_infinite(dtype, value, precision, found, tmp_path):
    write_safetensors(tmp_path / "model.safetensors", {"a": [[1.0]], "w": [[0.5, value]]}, dtype)
    every = checkpoint_findings(CheckpointCase(audit(tmp_path), precision=precision))
    said = [item.message for item in every if item.code == "CK013"]
    assert [item.startswith("`w` of model.safetensors holds ") for item in said] == [True] * found


def test_every_ck_rule_is_tested_here():
    here = {code for _, _, wanted in PLANTED.values() for code in wanted}
    here |= {"CK001", "CK005", "CK011", "CK013", "CK014", "CK015"}
    assert here == {rule.code for rule in all_rules() if rule.family == "CK"}


@pytest.mark.parametrize("dtype", ["BF16", "F16", "F32"])
def test_sums_are_those_of_numpy(dtype, tmp_path):
    rng = np.random.default_rng(1)
    values = rng.standard_normal((3, PIECE // 2 + 17)).astype(np.float32)
    values[2, -1] = -7.0
    write_safetensors(tmp_path / "model.safetensors", {"w": values, "empty": np.ones((0, 3))}, dtype)
    (facts,) = audit(tmp_path).tensors
    assert facts.largest == 7.0
    assert facts.rms == pytest.approx(np.sqrt((values.astype(np.float64) ** 2).mean()), rel=1e-2)
    assert facts.non_finite == 0
    values[1, 3] = -np.inf
    values[2, 5] = np.nan
    write_safetensors(tmp_path / "model.safetensors", {"w": values}, dtype)
    (facts,) = audit(tmp_path).tensors
    assert (facts.non_finite, facts.first, facts.largest) == (2, (1, 3), 7.0)


def test_names_and_shapes_are_those_of_transformers(tmp_path):
    """A config.json of transformers 4 is flat, one of transformers 5 nested."""
    flat = {
        **CONFIG["text_config"],
        **{key: CONFIG[key] for key in ("model_type", "tie_word_embeddings", "vision_config")},
    }
    assert expected(flat) == expected(CONFIG)
