"""What the converters of LLaMA-Factory v1 have in common: turns with what they show, function calls, tools.

Source: llamafactory-kt 0.9.6.dev0 `v1/core/rendering/format.py`, `v1/core/rendering/rendering.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from validator.conversation.sample import MediaKind, Sample, Turn, UnreadError
from validator.trainers.transformers.parts import Stop
from validator.trainers.transformers.template import SHIELD

_TOOLS = "Tools should either be a JSON schema, or a callable function"


@dataclass(slots=True)
class Taken:
    """What a converter makes of a row: turns, and the media that each shows. Contents hold a placeholder for each of
    these, in order; other placeholders in them are shielded. `faults`, by the place of a turn: what is raised when
    it is written, which is not done to all.
    """

    turns: list[Turn] = field(default_factory=list)
    shown: list[dict[MediaKind, list[Any]]] = field(default_factory=list)
    faults: dict[int, Stop | UnreadError] = field(default_factory=dict)

    def add(self, turn: Turn, shown: dict[MediaKind, list[Any]] | None = None) -> None:
        """Append a turn."""
        self.turns.append(turn)
        self.shown.append(shown or {})


def checked(text: str) -> str:
    """A text. Raises UnreadError where it holds what shields placeholders here."""
    if SHIELD in text:
        raise UnreadError("the text holds U+FDD0, which no text should")
    return text


def check_calls(calls: Sequence[Any], index: int) -> None:
    """Calls are objects with a name and arguments. Raises Stop."""
    for call in calls:
        if not isinstance(call, dict) or "name" not in call or "arguments" not in call:
            said = f"tool_call must be a JSON object with 'name' and 'arguments' keys, got {call!r}"
            raise Stop("function-json", ValueError(said[:300]), index)


def take_tools(sample: Sample, tools: Any, *, converted: bool) -> None:
    """Tools, which the template does not write; where they are `converted`, text that is no JSON is left out. Raises
    Stop and UnreadError.
    """
    if not tools:
        return
    if not isinstance(tools, str):
        said = f"the JSON object must be str, bytes or bytearray, not {type(tools).__name__}"
        raise Stop("tools-json", TypeError(said))
    try:
        parsed = json.loads(tools)
    except RecursionError:
        raise UnreadError("tools that are nested too deep are not reproduced") from None
    except ValueError:
        if not converted:
            raise Stop("tools-json", ValueError(f"tools is not valid JSON: {tools[:200]!r}")) from None
        parsed = []
    if any(not isinstance(tool, dict) for tool in (parsed if isinstance(parsed, list) else [parsed])):
        raise Stop("tools-json", ValueError(_TOOLS))
    sample.note("tools-not-written", None, "")
