"""Names of results: a key of everything that they depend on."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import orjson
import xxhash


def key_of(*parts: Any) -> str:
    """A key of plain values. Sets must be given in order."""
    try:
        data = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=_plain)
    except TypeError:  # paths may hold bytes that are no text
        data = json.dumps(parts, sort_keys=True, default=_plain).encode()
    return xxhash.xxh3_128_hexdigest(data)


def _plain(value: Any) -> Any:
    return asdict(value) if hasattr(value, "__dataclass_fields__") else str(value)
