"""The audit of a checkpoint: headers first, then every tensor once, then attention."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from validator.checkpoint.attention import grown
from validator.checkpoint.lack import lack_of
from validator.checkpoint.measure import measure, row_facts, special_tokens, total_bytes, wants_rows
from validator.checkpoint.names import EMBEDDING, HEAD, expected
from validator.checkpoint.record import CheckpointFacts, EmbeddingRow, Shape, TensorFacts
from validator.checkpoint.shards import SIZES, Shards, open_shards
from validator.checkpoint.stream import Reader
from validator.findings import clip

Told = Callable[[int, int], None]
"""Is told how many bytes of how many have been read."""


def audit(folder: Path, base: Path | None = None, told: Told = lambda done, total: None) -> CheckpointFacts:
    """Everything about the weights in a folder. Raises ValueError where those of one of both are of a kind that is not
    audited, or the base has none.
    """
    began = time.monotonic()
    shards = open_shards(folder)
    other = open_shards(base) if base is not None else None
    if other is not None and not other.places:
        raise ValueError(f"{base} holds no weights to compare with")
    family = _family(shards)
    missing, unknown, misshapen = _compare(shards) if family is None else ((), (), ())
    special, tokens = special_tokens(folder)
    special = {} if family is not None and tokens is None else special  # Qwen2-VL's ids are other words there
    readers = Reader(), Reader()
    tensors: list[TensorFacts] = []
    rows: list[EmbeddingRow] = []
    not_read: list[tuple[str, str]] = []
    done, total = 0, total_bytes(shards)

    def tell(number: int) -> None:
        nonlocal done
        done += number
        told(done, total)

    attention = []
    try:
        for name, place in sorted(shards.places.items(), key=lambda item: (item[1].file.name, item[1].begin)):
            if place.dtype not in SIZES:
                not_read.append((name, place.dtype))
            elif place.elements:
                try:
                    ids = list(special) if wants_rows(name) else []
                    twin = other.places.get(name) if other else None
                    facts, found = measure(readers[0], place, name, readers[1] if twin else None, twin, ids, tell)
                except OSError as error:
                    shards.problems.append(f"{place.file.name} cannot be read: {error.strerror}")
                    continue
                tensors.append(facts)
                rows += row_facts(name, special, found)
        if other is not None and (head := _head_size(shards)):
            attention = grown(shards, other, *readers, head)
    finally:
        for reader in readers:
            reader.close()
    embedding = shards.places.get(EMBEDDING)
    return CheckpointFacts(
        folder=str(folder),
        base=None if base is None else str(base),
        problems=tuple(shards.problems),
        missing=missing,
        unknown=unknown,
        misshapen=misshapen,
        not_read=tuple(not_read),
        tensors=tuple(tensors),
        special_rows=tuple(rows),
        attention=tuple(attention),
        rows=embedding.shape[0] if embedding and embedding.shape else None,
        tokens=tokens,
        num_bytes=total,
        seconds=time.monotonic() - began,
        lack=lack_of(folder) if shards.empty else None,
        family=family,
    )


def _family(shards: Shards) -> str | None:
    """What config.json calls the model, None where that is a Qwen2-VL or nothing is said."""
    kind = None if shards.config is None or shards.adapter else shards.config.get("model_type")
    return None if kind is None or kind == "qwen2_vl" else clip(str(kind))


def _compare(
    shards: Shards,
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, Shape, Shape], ...]]:
    """Names and shapes against config.json: missing, unknown, of another shape."""
    if shards.config is None or shards.adapter or not shards.places:
        return (), (), ()
    try:
        if shards.config.get("model_type") != "qwen2_vl":
            raise ValueError("it names no model_type")
        wanted = expected(shards.config)
    except (KeyError, TypeError, AttributeError, ValueError, ZeroDivisionError, OverflowError) as error:
        shards.problems.append(
            f"config.json is not that of a Qwen2-VL ({clip(str(error))}): names and shapes are not compared"
        )
        return (), (), ()
    found = shards.places
    missing = sorted(wanted.keys() - found.keys())
    unknown = sorted(found.keys() - wanted.keys() - {HEAD})
    misshapen = [
        (name, found[name].shape, shape)
        for name, shape in sorted(wanted.items())
        if name in found and found[name].shape != shape
    ]
    return tuple(missing), tuple(unknown), tuple(misshapen)


def _head_size(shards: Shards) -> int | None:
    """Rows of one head in q_proj."""
    try:
        text = (shards.config or {}).get("text_config") or shards.config or {}
        return int(text["hidden_size"]) // int(text["num_attention_heads"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError, AttributeError, OverflowError):
        return None
