"""One step, number by number: against the whole model's own loss and gradients."""

import math

import pytest

from tests.environments import needs_replay

pytestmark = needs_replay


@pytest.fixture(scope="module")
def bench():
    """A tiny untrained model in fp32 with everything trained, its stepper, and a maker of batches."""
    import torch
    from transformers import Qwen2VLForConditionalGeneration

    from scripts.tiny_checkpoint import tiny_config
    from validator.replaying.step import Stepper
    from validator.replaying.watch import Watch

    special = {"<|endoftext|>": 700, "<|im_end|>": 701, "<|image_pad|>": 702, "<|video_pad|>": 703}
    special |= {"<|vision_start|>": 704, "<|vision_end|>": 705}
    torch.manual_seed(0)
    model = Qwen2VLForConditionalGeneration(tiny_config(special)).train()
    stepper = Stepper(model, Watch(model), "cpu", "sdpa")

    def batch(labelled=6, length=40, value=0.0):
        ids = torch.arange(100, 100 + length)[None]
        ids[0, 4:10] = torch.tensor([704, 702, 702, 702, 702, 705])
        labels = torch.full_like(ids, -100)
        if labelled:
            labels[0, -labelled:] = ids[0, -labelled:]
        pixels = torch.zeros(16, 1176)
        pixels[3, 5] = value
        positions = torch.arange(length).expand(4, 1, -1)
        mask = torch.ones_like(ids)
        grid = torch.tensor([[1, 4, 4]])
        return {
            "input_ids": ids, "labels": labels, "attention_mask": mask, "position_ids": positions,
            "pixel_values": pixels, "image_grid_thw": grid, "rope_deltas": torch.zeros(1),
        }  # fmt: skip

    return model, stepper, batch


def whole_model(model, batch, **options):
    """Loss and gradient norm as the trainer computes them: all logits, the model's own loss."""
    import torch

    inputs = {name: tensor for name, tensor in batch.items() if name != "rope_deltas"}
    loss = model(**inputs, **options).loss
    wanted = [parameter for parameter in model.parameters() if parameter.requires_grad]
    gradients = torch.autograd.grad(loss, wanted, allow_unused=True)
    norm = math.sqrt(sum(float(gradient.double().norm() ** 2) for gradient in gradients if gradient is not None))
    return float(loss.detach()), norm


def test_loss_and_gradient_are_those_of_the_whole_model(bench):
    model, stepper, batch = bench
    step, _ = stepper(batch(), "bf16")
    loss, norm = whole_model(model, batch())
    assert step.loss == pytest.approx(loss, rel=1e-6)
    assert step.grad_norm == pytest.approx(norm, rel=1e-5)
    assert set(step.grad_norms) == {"vision_tower", "projector", "language_model"}
    assert step.finite and step.num_label_tokens == 6


def test_more_labels_than_one_chunk_of_logits(bench, monkeypatch):
    from validator.replaying import step as module

    model, stepper, batch = bench
    monkeypatch.setattr(module, "CHUNK", 7)
    step, _ = stepper(batch(labelled=20), "bf16")
    loss, norm = whole_model(model, batch(labelled=20))
    assert step.loss == pytest.approx(loss, rel=1e-6) and step.grad_norm == pytest.approx(norm, rel=1e-5)


def test_the_token_normaliser_scales_by_labels(bench):
    """transformers divides the sum by the labels of the window: the gradient is the mean's times labels / window."""
    model, stepper, batch = bench
    step, _ = stepper(batch(), "bf16")
    _, norm = whole_model(model, batch(), num_items_in_batch=60)
    assert norm == pytest.approx(step.grad_norm * 6 / 60, rel=1e-5)


def test_no_label(bench):
    """The mean over nothing: NaN, and a gradient of exactly zero."""
    model, stepper, batch = bench
    step, _ = stepper(batch(labelled=0), "bf16")
    loss, norm = whole_model(model, batch(labelled=0))
    assert math.isnan(step.loss) and math.isnan(loss)
    assert step.grad_norm == norm == 0.0


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e30])
def test_a_pixel_that_is_no_number_is_traced_to_where_it_enters(bench, value):
    _, stepper, batch = bench
    step, _ = stepper(batch(value=value), "bf16")
    assert not step.finite
    first = {1e30: "model.visual.blocks.0.norm1"}.get(value, "model.visual.patch_embed.proj")
    assert step.first_nonfinite == first


def test_an_exception_names_its_stage(bench):
    _, stepper, batch = bench
    broken = batch()
    broken["input_ids"] = broken["input_ids"].clone()
    broken["input_ids"][0, 5] = 1
    step, gradients = stepper(broken, "bf16")
    assert (step.stage, gradients, step.finite) == ("forward", None, False)
    assert step.exception == "ValueError: Image features and image tokens do not match, tokens: 3, features: 4"


def test_nothing_is_left_behind(bench):
    """No gradient, no cached position, the same weights: a step leaves no trace in the next one."""
    model, stepper, batch = bench
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    one, first = stepper(batch(), "bf16")
    stepper(batch(value=math.nan), "bf16")
    two, second = stepper(batch(), "bf16")
    assert (one.loss, one.grad_norm) == (two.loss, two.grad_norm)
    assert first.compare(second) == (0.0, pytest.approx(1.0))
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all((tensor == before[name]).all() for name, tensor in model.state_dict().items())
    assert model.model.rope_deltas is None


def test_a_sketch_compares_as_whole_gradients_do(bench):
    """Two gradients that differ: the sketch's relative error is within a few per cent of the true one."""
    import torch

    model, stepper, batch = bench
    _, first = stepper(batch(), "bf16")
    _, second = stepper(batch(labelled=7), "bf16")
    error, cosine = first.compare(second)
    wanted = [parameter for parameter in model.parameters() if parameter.requires_grad]

    def flat(labelled):
        inputs = {name: tensor for name, tensor in batch(labelled=labelled).items() if name != "rope_deltas"}
        gradients = torch.autograd.grad(model(**inputs).loss, wanted, allow_unused=True)
        return torch.cat([gradient.flatten() for gradient in gradients if gradient is not None])

    one, two = flat(6), flat(7)
    assert error == pytest.approx(float((one - two).norm() / two.norm()), rel=0.1)
    assert cosine == pytest.approx(float(one @ two / one.norm() / two.norm()), abs=0.03)
