"""Checkpoints of all kinds, and what is trained in them."""

import json

import pytest

from tests.environments import needs_replay
from validator.replaying.settings import ReplaySettings

pytestmark = needs_replay
TOWER = ("visual.patch_embed", "visual.blocks")


def build(folder, **settings):
    from validator.replaying.model import build_model

    return build_model(ReplaySettings(model=str(folder), **settings), "cpu")


def weights(model):
    return {name: tensor.float() for name, tensor in model.state_dict().items()}


def save_renamed(tiny, folder, rename, shards=1):
    """The tiny checkpoint with other names, in several files with an index."""
    from safetensors.torch import load_file, save_file

    folder.mkdir()
    for file in tiny.glob("*.json"):
        (folder / file.name).write_bytes(file.read_bytes())
    tensors = {rename(name): tensor for name, tensor in load_file(tiny / "model.safetensors").items()}
    names = sorted(tensors)
    index = {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors" if shards > 1 else "model.safetensors"
        mine = names[shard::shards]
        save_file({name: tensors[name] for name in mine}, folder / file, metadata={"format": "pt"})
        index |= dict.fromkeys(mine, file)
    if shards > 1:
        (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    return folder


def as_in_transformers_5(name):
    """Names of the modules; what transformers saves has the names of the hub's checkpoints, of transformers 4."""
    if name.startswith("visual."):
        return f"model.{name}"
    return name.replace("model.", "model.language_model.")


@pytest.mark.parametrize(("rename", "shards"), [(str, 3), (as_in_transformers_5, 1), (as_in_transformers_5, 2)])
def test_names_of_transformers_4_and_5_and_shards(tiny, tmp_path, rename, shards):
    given = weights(build(tiny))
    found = weights(build(save_renamed(tiny, tmp_path / "other", rename, shards)))
    assert set(given) == set(found) and all((given[name] == found[name]).all() for name in given)


def test_bf16_and_exact_casts(tiny):
    import torch

    from validator.replaying.model import cast

    model = build(tiny)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
    rotary = [buffer for name, buffer in model.named_buffers() if "inv_freq" in name]
    assert rotary and all(buffer.dtype == torch.float32 for buffer in rotary)
    before = weights(model)
    cast(model, torch.float32)
    cast(model, torch.bfloat16)
    assert all((before[name] == tensor).all() for name, tensor in weights(model).items())


@pytest.mark.parametrize(
    ("settings", "trained"),
    [
        ({}, {"language_model"}),
        ({"freeze_multi_modal_projector": False}, {"language_model", "projector"}),
        ({"freeze_vision_tower": False, "freeze_language_model": True}, {"vision_tower"}),
    ],
)
def test_freezing_as_llamafactory_does(settings, trained):
    """Source: LLaMA-Factory 0.9.5 `visual.py`: vision tower = patch_embed and blocks, projector = merger."""
    from validator.replaying.model import part_of

    model = build("scale", **settings)
    parts = {part_of(name) for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert parts == trained
    names = {name: part_of(name) for name, _ in model.named_parameters()}
    assert all((part == "vision_tower") == any(word in name for word in TOWER) for name, part in names.items())
    assert all((part == "projector") == ("visual.merger" in name) for name, part in names.items())


def test_everything_frozen_is_refused():
    with pytest.raises(ValueError, match="every part of the model is frozen"):
        build("scale", freeze_language_model=True)


def test_an_adapter_on_a_checkpoint(tiny, tmp_path):
    from peft import LoraConfig, get_peft_model
    from transformers import Qwen2VLForConditionalGeneration

    base = Qwen2VLForConditionalGeneration.from_pretrained(tiny)
    config = LoraConfig(r=4, target_modules=r".*language_model.*(q_proj|v_proj)")
    adapted = get_peft_model(base, config)
    adapted.peft_config["default"].base_model_name_or_path = str(tiny)
    adapted.save_pretrained(tmp_path / "adapter")
    model = build(tmp_path / "adapter")
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    assert len(trained) == 4 * 2 * 2 and all("lora_" in name for name in trained)
    from validator.replaying.model import part_of

    assert {part_of(name) for name in trained} == {"language_model"}


def test_missing_weights_are_refused(tiny, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = save_renamed(tiny, tmp_path / "cut", str)
    tensors = load_file(folder / "model.safetensors")
    tensors.pop("model.layers.1.mlp.up_proj.weight")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        ValueError, match=r"1 weights are missing or have another shape \(model.language_model.layers.1"
    ):
        build(folder)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"model_type": "qwen2", "hidden_size": 8}, "model_type 'qwen2', which is not qwen2_vl"),
        (None, "--model"),
    ],
)
def test_what_is_no_qwen2_vl_is_refused(tmp_path, config, sentence):
    if config is not None:
        (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=sentence):
        build(tmp_path)


def test_the_fingerprint_sees_one_changed_weight(tiny):
    import torch

    from validator.replaying.model import fingerprint

    model = build(tiny)
    before = fingerprint(model)
    assert fingerprint(build(tiny)) == before
    with torch.no_grad():
        model.lm_head.weight[77, 3] += 1.0
    assert fingerprint(model) != before
