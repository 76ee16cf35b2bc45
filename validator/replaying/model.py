"""The model that samples are replayed on: the built-in `scale`, a checkpoint, or an adapter on one.

Weights are held in bf16; rotary frequencies stay in fp32, as transformers keeps them. Dropout is off.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from validator.facts.replayed import PARTS
from validator.json_text import parse_json
from validator.named_file import read_named
from validator.replaying.pickles import check_folder, guarded_torch
from validator.replaying.settings import ReplaySettings

SCALE_VOCABULARY = 151936
"""Rows of Qwen2-VL-2B's embedding."""
_NAMES = {
    "vision_tower": ("visual.patch_embed", "visual.blocks"),
    "projector": ("visual.merger",),
    "language_model": ("language_model", "lm_head"),
}
"""Parts of parameter names, as LLaMA-Factory 0.9.5 `visual.py` registers them for qwen2_vl."""


def build_model(settings: ReplaySettings, device: str) -> nn.Module:
    """The model in bf16 on a device, frozen as asked, in training mode without dropout.

    Raises ValueError with a sentence where there is no such checkpoint or it is no Qwen2-VL.
    """
    model = scale_model() if settings.model == "scale" else _load(settings)
    set_attention(model, settings.attention)
    cast(model, torch.bfloat16)
    model.to(device)
    freeze(model, settings)
    checkpoint_layers(base_of(model))
    model.train()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return model


def checkpoint_layers(model: Any) -> None:
    """Keep the inputs of layers only and compute them again in the backward pass: the same gradients in less memory."""
    if hasattr(model, "activation_checkpointing_enable"):  # its name since transformers 5.24
        model.activation_checkpointing_enable({"use_reentrant": False})
    else:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})


def scale_model() -> Any:
    """A small untrained Qwen2-VL with the real vocabulary: shapes, positions and labels are real, weights are noise."""
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    config = Qwen2VLConfig(
        text_config={
            "vocab_size": SCALE_VOCABULARY,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [2, 3, 3]},
        },
        vision_config={"depth": 1, "embed_dim": 16, "hidden_size": 32, "num_heads": 1, "mlp_ratio": 2},
        tie_word_embeddings=True,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Qwen2VLForConditionalGeneration(config)


def _load(settings: ReplaySettings) -> Any:
    from transformers import AutoConfig, Qwen2VLForConditionalGeneration

    name, allowed = settings.model, settings.allow_pickles
    adapter = _adapter_base(name)
    base = adapter or name
    try:
        for folder in (name, base):
            check_folder(folder, allowed=allowed)
        config = AutoConfig.from_pretrained(base, trust_remote_code=False)
        if config.model_type != "qwen2_vl":
            raise ValueError(f"its config.json names model_type {config.model_type!r}, which is not qwen2_vl")
        with guarded_torch(allowed=allowed):
            model, report = Qwen2VLForConditionalGeneration.from_pretrained(
                base,
                dtype=torch.bfloat16,
                attn_implementation=settings.attention,
                output_loading_info=True,
                trust_remote_code=False,
                use_safetensors=None if allowed else True,
            )
    except (OSError, ValueError, ImportError) as error:
        raise ValueError(f"--model {name}: {str(error).splitlines()[0] if str(error) else type(error)}") from None
    missing = [key for key in report["missing_keys"] if not (key == "lm_head.weight" and _tied(model))]
    if missing or report["mismatched_keys"]:
        first = (missing or [str(key) for key in report["mismatched_keys"]])[0]
        raise ValueError(
            f"--model {name}: {len(missing) + len(report['mismatched_keys'])} weights are missing or have another "
            f"shape ({first} is the first): the replay would run on noise"
        )
    if adapter is None:
        return model
    with guarded_torch(allowed=allowed):
        return _with_adapter(model, name)


def _adapter_base(name: str) -> str | None:
    """The checkpoint that an adapter folder names, None where the folder holds no adapter."""
    file = Path(name) / "adapter_config.json"
    if not file.is_file():
        return None
    try:
        given = parse_json(read_named(file, 1 << 20))
    except (ValueError, OSError) as error:
        raise ValueError(f"--model {name}: {file.name} names no base model: {error}") from None
    base = given.get("base_model_name_or_path") if isinstance(given, dict) else None
    if not isinstance(base, str):
        raise ValueError(f"--model {name}: {file.name} names no base model: base_model_name_or_path is missing")
    return str(base) if Path(base).is_absolute() or not (Path(name) / base).is_dir() else str(Path(name) / base)


def _with_adapter(model: Any, name: str) -> Any:
    """Resume an adapter for training, as LLaMA-Factory does with the last `adapter_name_or_path`."""
    from peft import PeftModel

    return PeftModel.from_pretrained(model, name, is_trainable=True)


def _tied(model: Any) -> bool:
    return bool(getattr(model.config, "tie_word_embeddings", False))


def base_of(model: Any) -> Any:
    """The Qwen2VLForConditionalGeneration inside an adapter, or the model itself."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def cast(model: nn.Module, dtype: torch.dtype) -> None:
    """Give all parameters a dtype in place, buffers (rotary frequencies) none. bf16 -> fp32 -> bf16 is exact."""
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)
        parameter.grad = None


def set_attention(model: nn.Module, kind: str) -> None:
    """Change the attention implementation of a loaded model, vision tower included."""
    configs = {id(module.config): module.config for module in model.modules() if hasattr(module, "config")}
    for config in configs.values():
        config._attn_implementation = kind


def part_of(name: str) -> str:
    """The part (vision_tower, projector, language_model) that a parameter belongs to."""
    return next((part for part in PARTS if any(word in name for word in _NAMES[part])), "language_model")


def freeze(model: nn.Module, settings: ReplaySettings) -> None:
    """Freeze as LLaMA-Factory does. In an adapter only its own weights are trained, whatever is asked."""
    frozen = {
        "vision_tower": settings.freeze_vision_tower,
        "projector": settings.freeze_multi_modal_projector,
        "language_model": settings.freeze_language_model,
    }
    adapter = hasattr(model, "get_base_model")
    for name, parameter in model.named_parameters():
        if adapter:
            parameter.requires_grad_(parameter.requires_grad and not frozen[part_of(name)])
        else:
            parameter.requires_grad_(not frozen[part_of(name)])
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError("every part of the model is frozen: there is no gradient to look at")
    if not base_of(model).get_input_embeddings().weight.requires_grad:
        model.enable_input_require_grads()


def fingerprint(model: nn.Module) -> str:
    """A digest of all weights: a changed checkpoint must not reuse the steps of the old one."""
    import xxhash

    digest = xxhash.xxh3_64()
    for name, parameter in sorted(model.named_parameters()):
        sample = parameter.detach().flatten()
        stride = max(1, sample.numel() // 4096)
        digest.update(name.encode() + str(tuple(parameter.shape)).encode())
        digest.update(sample[::stride].float().cpu().numpy().tobytes())
        digest.update(sample.double().sum().cpu().numpy().tobytes())
    return digest.hexdigest()
