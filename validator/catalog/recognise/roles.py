"""The words for roles in some conversations -> tags: by their meaning, and where they have none by their place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from validator.catalog.entry import TAG_DEFAULTS
from validator.findings import clip, count

_WORDS = {
    "user": ("user", "human", "prompter", "question", "customer", "client", "instruction"),
    "assistant": ("assistant", "gpt", "model", "bot", "chatgpt", "ai", "answer", "chatbot", "response"),
    "system": ("system", "system_prompt", "developer"),
    "observation": ("observation", "observations", "tool", "tool_response", "function_response", "tool_result",
                    "ipython", "environment"),
    "function": ("function_call", "tool_call", "tool_calls", "function_calls", "action"),
}  # fmt: skip
_MEANING = {word: role for role, words in _WORDS.items() for word in words}
_BY_PLACE = "function"
"""The call in some data sets, and what came of it in others."""


@dataclass(slots=True)
class _Heard:
    """How often each role speaks, and how often where a question is due."""

    times: Counter[str] = field(default_factory=Counter)
    asking: Counter[str] = field(default_factory=Counter)

    def asks(self, role: str) -> bool:
        return 2 * self.asking[role] > self.times[role]

    def meaning(self, role: str) -> str | None:
        word = role.lower().replace("-", "_").replace(" ", "_")
        if word == _BY_PLACE:
            return "observation" if self.asks(role) else "function"
        return _MEANING.get(word)


def tags_of(
    talks: Iterable[Sequence[Any]], role_key: str, content_key: str, answers: Iterable[Any] = ()
) -> tuple[dict[str, str], list[str]]:
    """All seven tags for conversations, and what of them is unsure; `answers` are messages that stand elsewhere.

    The trainer takes a block of tags as it is: what it does not name has no tag, so that all are named.
    """
    heard = _hear(talks, role_key, answers)
    roles: dict[str, list[str]] = {}
    strange: list[str] = []
    for role, _ in heard.times.most_common():
        meaning = heard.meaning(role)
        (strange if meaning is None else roles.setdefault(meaning, [])).append(role)
    doubts = _by_place(heard, roles, strange)
    for role, words in roles.items():
        if len(words) > 1:
            written = " and ".join(f"`{clip(word, 40)}` ({count(heard.times[word], 'message')})" for word in words[:4])
            doubts.append(
                f"the role of the {role} is written {written}: `{role}_tag` names the first, and rows with another are "
                "not taken; write one word for it in the data."
            )
    for word in strange:
        doubts.append(
            f"the role `{clip(word, 40)}` ({count(heard.times[word], 'message')}) is none that a trainer knows: rows "
            "with it are not taken, unless it is written as one of the tags."
        )
    plain = roles.get("user") == ["user"] or "assistant" in roles.get("assistant", ())
    usual = {**TAG_DEFAULTS, **({"user_tag": "user", "assistant_tag": "assistant"} if plain else {})}
    found = {f"{role}_tag": words[0] for role, words in roles.items()}
    return {
        key: {"role_tag": role_key, "content_tag": content_key, **found}.get(key, usual[key]) or "" for key in usual
    }, doubts


def _hear(talks: Iterable[Sequence[Any]], role_key: str, answers: Iterable[Any]) -> _Heard:
    heard = _Heard()
    for talk in talks:
        roles = [message.get(role_key) for message in talk if isinstance(message, dict)]
        shift = 1 if roles and isinstance(roles[0], str) and heard.meaning(roles[0]) == "system" else 0
        for place, role in enumerate(roles):
            if isinstance(role, str):
                heard.times[role] += 1
                heard.asking[role] += place >= shift and (place - shift) % 2 == 0
    for message in answers:
        if isinstance(message, dict) and isinstance(role := message.get(role_key), str):
            heard.times[role] += 1
    return heard


def _by_place(heard: _Heard, roles: dict[str, list[str]], strange: list[str]) -> list[str]:
    """Take words without a meaning for those of the two roles that are missing; they are taken out of `strange`."""
    told = []
    for role, asks in (("user", True), ("assistant", False)):
        word = next((word for word in strange if heard.asks(word) == asks), None)
        if role not in roles and word is not None:
            strange.remove(word)
            roles[role] = [word]
            told.append(f"the role `{clip(word, 40)}` is taken for the {role}, by its place; `{role}_tag` says so.")
    return told
