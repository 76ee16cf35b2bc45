"""Where two checkpoints differ, and what of that is said of a sample."""

import math

import numpy as np
import pytest

from tests.environments import needs_replay
from validator.facts.replayed import Replayed, Step
from validator.replaying.comparison import grown_most, side
from validator.replaying.weights import Tensor, Weights, at, differences, in_words

LAYERS = "model.language_model.layers"


def tensor(values, **changes):
    sketch = np.asarray(values, dtype=np.float32)
    known = {"nonfinite": 0, "nonfinite_rows": (), "largest": float(np.abs(sketch).max())}
    return Tensor(sketch.shape, rms=float(np.sqrt((sketch**2).mean())), sketch=sketch, **{**known, **changes})


BASE = {
    "model.language_model.embed_tokens.weight": tensor([1, 2, 3]),
    f"{LAYERS}.0.mlp.up_proj.weight": tensor([1, -1]),
    f"{LAYERS}.1.self_attn.q_proj.weight": tensor([1, 1]),
}


def test_equal_checkpoints():
    assert differences(Weights(BASE), Weights(BASE)) == []
    assert in_words([]) == "nothing: all tensors are the same"


def test_the_largest_difference_comes_first():
    mine = {
        **BASE,
        "model.language_model.embed_tokens.weight": tensor([1, 2, 3], nonfinite=2, nonfinite_rows=(7,)),
        f"{LAYERS}.0.mlp.up_proj.weight": tensor([1.1, -1]),
        f"{LAYERS}.1.self_attn.q_proj.weight": tensor([8, 8]),
    }
    found = differences(Weights(mine), Weights(BASE))
    assert [item.name for item in found] == [
        "model.language_model.embed_tokens.weight",
        f"{LAYERS}.1.self_attn.q_proj.weight",
        f"{LAYERS}.0.mlp.up_proj.weight",
    ]
    assert found[0].what == "has NaN or Inf in 2 elements, in row 7"
    assert found[1].what == "has 8 times the reference's root mean square, moved by 700.0%"
    assert [item.name for item in at(f"{LAYERS}.1.self_attn.k_proj", found)] == [found[1].name]  # beside it
    assert at(f"{LAYERS}.3.mlp", found) == found  # nothing there or around it


def test_attention_and_tokens():
    mine = Weights(BASE, {f"{LAYERS}.1.self_attn": 64.0}, {"image": np.array([1.0, 0.0], dtype=np.float32)})
    then = Weights(BASE, {f"{LAYERS}.1.self_attn": 1.0}, {"image": np.array([0.0, 1.0], dtype=np.float32)})
    assert [item.what for item in differences(mine, then)] == [
        "attention logits may be 64 times as large as in the reference",
        "is moved by 141.4% of its length",
    ]


def judged(verdict, **changes):
    step = Step("bf16", logits_finite=verdict not in ("NON_FINITE", "RESOURCE"), grad_norm=1.0)
    return Replayed(
        dataset="d",
        file="f",
        row=0,
        sample_id="0",
        group="candidate",
        modality="text",
        num_tokens=9,
        verdict=verdict,
        why="",
        step=step,
        **changes,
    )


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [
        ("NON_FINITE", "STABLE", "only on the model"),
        ("GRAD_SPIKE", "LOSS_OUTLIER", "breaks on both"),
        ("STABLE", "NON_FINITE", "only on the reference"),
        ("STATIC_ONLY", "STABLE", "on neither"),
        ("NON_FINITE", "INCONCLUSIVE", "only on the model"),  # finite there, without controls near it
        ("INCONCLUSIVE", "INCONCLUSIVE", "on neither"),
        ("GRAD_SPIKE", "INCONCLUSIVE", "not known"),
        ("RESOURCE", "STABLE", "not known"),
    ],
)
def test_sides(here, there, expected):
    assert side(judged(here), judged(there)) == expected


def test_a_verdict_that_was_withdrawn_still_says_where_a_sample_breaks():
    assert side(judged("INCONCLUSIVE", alone="NON_FINITE"), judged("STABLE")) == "only on the model"
    assert side(judged("NON_FINITE"), judged("INCONCLUSIVE", agree=False)) == "not known"


def test_the_block_that_grew_most():
    here = Step("bf16", activations={"a": 10.0, "b": 8.0, "c": math.inf})
    there = Step("bf16", activations={"a": 9.0, "b": 1.0, "c": 1.0})
    assert grown_most(here, there) == "b"
    assert grown_most(here, None) is None


@needs_replay
def test_a_loaded_model_is_weighed(tmp_path):
    """Rows that are NaN, and attention whose projections are eight times as large: 64 times the logits."""
    import torch
    from transformers import Qwen2VLForConditionalGeneration

    from scripts.tiny_checkpoint import tiny_config
    from validator.replaying.weigh import weigh

    special = {"<|endoftext|>": 700, "<|im_end|>": 701, "<|image_pad|>": 702, "<|video_pad|>": 703}
    special |= {"<|vision_start|>": 704, "<|vision_end|>": 705}
    torch.manual_seed(0)
    model = Qwen2VLForConditionalGeneration(tiny_config(special))
    before = weigh(model)
    with torch.no_grad():
        model.model.language_model.embed_tokens.weight[9, 3] = math.nan
        for projection in ("q_proj", "k_proj"):
            getattr(model.model.language_model.layers[2].self_attn, projection).weight.mul_(8)
    found = {item.name: item.what for item in differences(weigh(model), before)}
    assert found["model.language_model.embed_tokens.weight"] == "has NaN or Inf in 1 element, in row 9"
    assert found[f"{LAYERS}.2.self_attn"] == "attention logits may be 64 times as large as in the reference"
    assert found[f"{LAYERS}.2.self_attn.q_proj.weight"].startswith("has 8 times the reference's root mean square")
    assert len(found) == 4


@needs_replay
def test_the_sum_of_gradients_from_sketches():
    """A window's gradient: weights and linearity, against the gradient of the joint loss."""
    import torch

    from validator.replaying.watch import Watch, combined

    torch.manual_seed(0)
    layer = torch.nn.Linear(64, 64, bias=False)
    watch, inputs, found = Watch(layer), [torch.randn(5, 64) for _ in range(2)], []
    for one in inputs:
        with watch.backward() as gradients:
            layer(one).square().mean().backward()
        found.append(gradients)
    loss = 0.75 * layer(inputs[0]).square().mean() + 0.25 * layer(inputs[1]).square().mean()
    (whole,) = torch.autograd.grad(loss, [layer.weight])
    assert combined([(0.75, found[0]), (0.25, found[1])]) == pytest.approx(float(whole.norm()), rel=1e-5)


@needs_replay
@pytest.mark.parametrize(
    ("weighting", "labels", "expected"),
    [
        ("mean", [1, 50, 50, 50], [0.25, 0.25, 0.25, 0.25]),
        ("pairs", [10, 30, 50, 50], [0.125, 0.375, 0.25, 0.25]),
        ("tokens", [10, 30, 20, 40], [0.1, 0.3, 0.2, 0.4]),
        ("pairs", [0, 0, 1, 3], [0.0, 0.0, 0.125, 0.375]),
    ],
)
def test_the_weight_of_each_sample(weighting, labels, expected):
    from validator.replaying.window import shares

    assert shares(weighting, labels) == pytest.approx(expected)
