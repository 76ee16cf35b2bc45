"""Our answers to data alone, under the trainers that read it, and how they differ from theirs."""

import json
import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.environments import trainer_home
from tests.oracle.compare import our_answer
from tests.trainers.compare import PROCESSORS, TOKENS, ask
from tests.trainers.trl_corpus import add_calls, write_trl_corpus
from validator.catalog.formats import file_rows
from validator.catalog.registry import load_registry
from validator.engine.entries import open_entries
from validator.facts.measure import Measurer
from validator.settings import Settings
from validator.storage.remote import locate

SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 160))
COMPARED = ("status", "len", "labels", "image_tokens", "video_tokens", "sha")


def own_answers(file, trainer, settings):
    """Our answers to the rows of data alone; None where its loader refuses it."""
    given = Settings(dataset_info=file, trainer=trainer, **settings)
    registry = load_registry(locate(given.dataset_info))
    (facts,) = open_entries(registry, given)
    answers = []
    for opened in facts.files:
        if opened.survey is None or opened.survey.refusals:
            return None
        measurer = Measurer(facts.entry, opened.name, opened.survey, given)
        rows = file_rows(locate(opened.within(str(registry.folder))), opened.survey)
        answers += [our_answer(measurer, raw) for raw in rows]
    return answers


FED = (("fed", "image_tokens"), ("fed_films", "video_tokens"))
"""What is fed of images and of videos, and the tokens for it."""
STOPS = "Mismatch in `image` token count", "Mismatch in `video` token count", "image / audio placeholder tokens"
"""What a collator says of image tokens that are cut; here they are an error finding of a row that is counted."""


def differences(ours, theirs, rows):
    """Rows whose answers differ. Where the images that are fed are not those of the tokens, the model stops."""
    found = []
    for place, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        if mine["status"] == "unchecked":
            continue
        if (mine.get("image_cut") or mine.get("video_cut")) and any(
            words in other.get("message", "") for words in STOPS
        ):
            continue
        if mine["status"] == "error" and any(other.get(fed) not in (0, None, other.get(tokens)) for fed, tokens in FED):
            continue
        if any((mine.get(key) or 0) != (other.get(key) or 0) for key in COMPARED):
            found.append(f"row {place}: ours {mine}, theirs {other}\n  {str(rows[place])[:1200]}")
    return found


def compare(trainer, corpus, files, theirs, **processor):
    """What became of the rows, by status, and the lines of those that differ."""
    differing, statuses = [], Counter()
    for name, file in files.items():
        ours = own_answers(file["file"], trainer, file["settings"] | processor)
        if ours is None or isinstance(theirs[name], dict):
            assert ours is None and isinstance(theirs[name], dict), (name, theirs[name])
            continue
        statuses.update(answer["status"] for answer in ours)
        rows = corpus["files"][name]["rows"]
        differing += [f"{name} {file['settings']} {line}" for line in differences(ours, theirs[name], rows)]
    return statuses, differing


def of_films(make: Callable[[int, int, Path], dict[str, Any]]) -> Callable[[int, int], dict[str, Any]]:
    """What makes a corpus with videos, which are written into a folder: that where the test runs."""
    return lambda seed, rows: make(seed, rows, Path.cwd())


@dataclass(frozen=True)
class Judged:
    """A trainer whose judge is asked about random files of rows of its users' own: `home` is its environment, `made`
    makes a corpus of a seed and a number of rows, which `written` writes into a folder. `template`: the judge is given
    the published chat template, which TRL carries. `answers`: the name of the recorded answers, where it is not that of
    the judge. `calls`: rows of Qwen3-VL are given calls of tools. Run from a folder of its own.
    """

    trainer: str
    home: str
    made: Callable[[int, int], dict[str, Any]]
    judge: str
    written: Callable[[dict[str, Any], Path], dict[str, Any]] = write_trl_corpus
    template: bool = False
    answers: str = ""
    calls: bool = False

    def recorded(self, model: str, rows: int) -> Counter[str]:
        """What became of the rows of one seed, whose answers are kept beside this file: MMVALIDATE_TRL=write (or
        MMVALIDATE_UNSLOTH=write ..., by the name of the judge) has them asked again. All are equal.
        """
        golden = Path(__file__).with_name(f"golden_{self.answers or self.judge}.json")
        known = json.loads(golden.read_text())
        corpus, files = self._corpus(model, 1, rows)
        if os.environ.get(f"MMVALIDATE_{self.judge.upper()}") == "write":
            known[model] = self._ask(model, files)
            golden.write_text(json.dumps(known, indent=0) + "\n")
        statuses, differing = compare(self.trainer, corpus, files, known[model], processor=PROCESSORS[model])
        assert differing == []
        return statuses

    def fresh(self, model: str) -> Counter[str]:
        """What became of ROWS rows of SEED, of which the trainer is asked now. All are equal."""
        corpus, files = self._corpus(model, SEED, ROWS)
        theirs = self._ask(model, files)
        statuses, differing = compare(self.trainer, corpus, files, theirs, processor=PROCESSORS[model])
        print(f"{self.trainer} {model}: {dict(statuses)}")
        assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
        return statuses

    def _corpus(self, model: str, seed: int, rows: int) -> tuple[dict[str, Any], dict[str, Any]]:
        corpus = self.made(seed, rows)
        if model == "qwen3-vl" and self.calls:
            add_calls(corpus, seed)
        return corpus, self.written(corpus, Path.cwd())

    def _ask(self, model: str, files: dict[str, Any]) -> Any:
        given = {"files": files, "tokens": TOKENS[model], "model": model}
        if self.template:
            (template,) = trainer_home("hf").glob("lib/python3*/site-packages/trl/chat_templates/qwen2_5_vl.jinja")
            given["template"] = str(template.absolute())
        return ask(self.home, f"judge_{self.judge}", given, Path.cwd())
