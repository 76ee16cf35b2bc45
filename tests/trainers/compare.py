"""Asks other trainers, each in an environment of its own (`./scripts/trainers`)."""

from pathlib import Path
from typing import Any

from tests import judges
from tests.environments import VOCABULARY, trainer_home
from validator.models.families import LATER_TOKENS, LATEST_TOKENS


def ask(name: str, judge: str, given: dict, cwd: Path) -> Any:
    """The answers of a judge beside this file, in the environment of a trainer."""
    return judges.ask(trainer_home(name), f"tests.trainers.{judge}", VOCABULARY, given=given, cwd=cwd)


TOKENS = {"qwen2-vl": (), "qwen2.5-vl": LATER_TOKENS, "qwen3-vl": LATER_TOKENS + LATEST_TOKENS}
"""Models by the names of their processors, and the tokens that each has beside Qwen2-VL's."""
PROCESSORS = {model: {"qwen2-vl": "embedded"}.get(model, model) for model in TOKENS}
"""What `--processor` calls each."""


def spread(corpus: dict, tokens: tuple[str, ...], processor: str = "qwen2.5-vl") -> None:
    """Put added tokens into the texts of a corpus, and let its entries name the model that has them."""
    for number, entry in enumerate(corpus["entries"]):
        entry["settings"]["processor"] = processor
        for row in entry["rows"]:
            for place, message in enumerate(row.get("messages") or []):
                if isinstance(message, dict) and isinstance(message.get("content"), str):
                    token = tokens[(number + place) % len(tokens)]
                    message["content"] = message["content"].replace("a", token, 1)
