"""What the files of a saved model hold that only newer releases of transformers read."""

from __future__ import annotations

from dataclasses import dataclass

from validator.training.shape import model_file


@dataclass(frozen=True, slots=True)
class SavedModel:
    """`writer` is the transformers that config.json says has written it, None where it does not say.

    `new_rotary`: the rotary embedding's settings stand under `rope_parameters` alone, as transformers 5 writes them.
    `listed_tokens`: `extra_special_tokens` of tokenizer_config.json is a list, as transformers 5 writes it.
    """

    writer: str | None = None
    new_rotary: bool = False
    listed_tokens: bool = False


def saved_model(name: str | None) -> SavedModel | None:
    """What a Qwen2-VL on this disk holds; None where its config.json is not here, or is another family's."""
    config = model_file(name) if name else None
    if name is None or config is None or config.get("model_type") != "qwen2_vl":
        return None
    writer, text = config.get("transformers_version"), config.get("text_config")
    parts = [config, text] if isinstance(text, dict) else [config]
    tokenizer = model_file(name, "tokenizer_config.json") or {}
    return SavedModel(
        writer if isinstance(writer, str) else None,
        any("rope_parameters" in part for part in parts) and not any(part.get("rope_scaling") for part in parts),
        isinstance(tokenizer.get("extra_special_tokens"), list),
    )
