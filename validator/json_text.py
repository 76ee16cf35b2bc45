"""JSON of any origin, as Python's own reader takes it (NaN and Infinity too), with every refusal in one sentence."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Callable
from typing import Any

TOO_LONG = f"it holds a number of more than {sys.get_int_max_str_digits():,} digits"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode(data: bytes) -> str:
    """Bytes as UTF-8. Raises ValueError."""
    if data.startswith(_UTF_16):
        raise ValueError("it is UTF-16 text, and should be UTF-8")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 text (byte {error.start})") from None


def parse_json(data: bytes, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """The value of a JSON document; `pairs` makes its objects. Raises ValueError."""
    text = decode(data)
    try:
        value = json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not valid JSON: {error}") from None
    except RecursionError:
        raise ValueError("it is not valid JSON: it is nested too deep") from None
    except ValueError:
        raise ValueError(TOO_LONG) from None
    if "\\u" in text:
        refuse_unwritable(value)
    return value


def refuse_unwritable(value: Any, other: Callable[[Any], str] | None = None) -> None:
    """Raise ValueError where a value holds what no JSON can: half a character, a number without end, another type but
    for what `other` writes.
    """
    try:
        json.dumps(value, ensure_ascii=False, default=other).encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half of a surrogate pair: no file or column can have such a name") from None
    except TypeError:
        raise ValueError("it holds a value that is not text, number, list or mapping") from None
    except ValueError:
        raise ValueError(TOO_LONG) from None
