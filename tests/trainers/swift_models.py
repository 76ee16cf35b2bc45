"""The models that ms-swift is asked about, and how its answers are compared with ours."""

import json
import os
from collections import Counter
from pathlib import Path

from tests.oracle.compare import our_answers
from tests.oracle.corpus import write_corpus
from tests.oracle.model_folder import make_folder
from tests.trainers.compare import PROCESSORS, TOKENS, ask

MODELS = (*TOKENS, "qwen3.5", "qwen3.8")
"""Qwen3.6 has the template of Qwen3.5."""
COMPARED = ("status", "len", "labels", "image_tokens", "video_tokens", "sha")
GOLDEN = Path(__file__).with_name("golden_swift.json")
"""What ms-swift 4.6.0 said of corpora of a seed; MMVALIDATE_SWIFT=write has it asked again."""


def fed_as(model: str, folder: Path) -> tuple[dict, str]:
    """What the judge is asked with, and our processor; `folder` is there for a model's files."""
    if model in TOKENS:
        return {"model": model, "tokens": TOKENS[model]}, PROCESSORS[model]
    files = str(make_folder(folder / "model"))
    return {"model": model, "files": files}, files


def answers(corpus: dict, asked: dict, folder: Path) -> dict:
    """ms-swift's about a corpus that was written to a folder, the current one."""
    return ask("ms-swift", "judge_swift", {"corpus": corpus, "folder": str(folder), **asked}, folder)


def recorded(name: str, corpus: dict, asked: dict, folder: Path) -> dict:
    """Those of the golden file."""
    known = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    if os.environ.get("MMVALIDATE_SWIFT") == "write":
        write_corpus(corpus, folder)
        found = answers(corpus, asked, folder)
        known[name] = {
            entry: [{key: answer[key] for key in COMPARED if answer.get(key)} for answer in rows]
            for entry, rows in found.items()
        }
        GOLDEN.write_text(json.dumps(known, indent=0) + "\n")
    return known[name]


def compare(corpus: dict, theirs: dict, registry: Path) -> tuple[Counter, list[str]]:
    """How often each status is ours, and a line for each row whose answers differ; rows that we leave unchecked are not
    compared.
    """
    ours, differing, statuses = our_answers(registry, corpus), [], Counter()
    for spec in corpus["entries"]:
        for row, (mine, other) in enumerate(zip(ours[spec["name"]], theirs[spec["name"]], strict=True)):
            statuses[mine["status"]] += 1
            if mine["status"] != "unchecked" and any((mine.get(key) or 0) != (other.get(key) or 0) for key in COMPARED):
                given = str({**spec["settings"], **spec["rows"][row]})[:1500]
                differing.append(f"{spec['name']} row {row}: ours {mine}, theirs {other}\n  {given}")
    return statuses, differing
