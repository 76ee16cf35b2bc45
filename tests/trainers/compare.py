"""Asks other trainers, each in an environment of its own (`./scripts/trainers`)."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from tests.environments import VOCABULARY, trainer_home
from tests.oracle.compare import ORACLE


def ask(name: str, judge: str, given: dict, cwd: Path, question: str | None = None):
    """The answers of a judge that runs in an environment; some are asked more than one question."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "input.json"
        file.write_text(json.dumps(given), encoding="utf-8")
        command = [trainer_home(name) / "bin" / "python", Path(__file__).parent / judge, ORACLE]
        command += [VOCABULARY, *([question] if question else []), file]
        offline = dict.fromkeys(("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "DISABLE_VERSION_CHECK"), "1")
        environment = {**os.environ, **offline, "HF_HOME": scratch, "HF_DATASETS_CACHE": scratch, "PYTHONPATH": ""}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd)
    for line in done.stdout.splitlines():
        if line.startswith("ANSWERS "):
            return json.loads(line.removeprefix("ANSWERS "))
    raise RuntimeError(f"{name} failed:\n{done.stderr[-3000:]}")


def spread(corpus: dict, tokens: tuple[str, ...]) -> None:
    """Put added tokens into the texts of a corpus, and let its entries name the model that has them."""
    for number, entry in enumerate(corpus["entries"]):
        entry["settings"]["processor"] = "qwen2.5-vl"
        for row in entry["rows"]:
            for place, message in enumerate(row.get("messages") or []):
                if isinstance(message, dict) and isinstance(message.get("content"), str):
                    token = tokens[(number + place) % len(tokens)]
                    message["content"] = message["content"].replace("a", token, 1)
