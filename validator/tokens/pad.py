"""The id with which a trainer fills up rows: the tokenizer's padding token."""

from __future__ import annotations

from validator.json_text import parse_json
from validator.named_file import read_named
from validator.tokens.processor import Processor

_OF_QWEN = "<|endoftext|>"
_MOST = 16 << 20


def pad_id(processor: Processor) -> int:
    """The id, of the embedded processors or as tokenizer_config.json says. Raises ValueError where that says none."""
    if processor.folder is None:
        return processor.token_id(_OF_QWEN)
    path = processor.folder / "tokenizer_config.json"
    try:
        said = parse_json(read_named(path, _MOST))
        token = said["pad_token"]
        return processor.token_id(token["content"] if isinstance(token, dict) else token)
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(f"Packed rows are filled up with the `pad_token` of {path}, which names none.") from None
