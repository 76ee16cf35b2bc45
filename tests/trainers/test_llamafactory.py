"""Earlier releases of LLaMA-Factory, asked about fresh random rows and videos: all answers equal."""

import json
import os
import random

import pytest

from tests import judges
from tests.environments import VOCABULARY, needs_trainer, trainer_home
from tests.oracle.compare import differences, our_answers
from tests.oracle.corpus import make_corpus, make_other_formats, write_corpus
from tests.oracle.thoughts import fed_as, set_up
from tests.oracle.videos import make_timed_corpus, make_video_corpus
from tests.trainers.compare import ask, spread
from validator.models.families import LATER_TOKENS

SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
NEW_LETTERS = [json.dumps(letter)[1:-1] for letter in ("\U000105c0", "\U000105d2", "\U00016d67")]
"""Letters of Unicode 16: tokenizers 0.20, which this version asks for, does not know them and splits text elsewhere."""
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 120))


MAKERS = {
    "sharegpt": lambda folder: make_corpus(SEED, ROWS),
    "other formats": lambda folder: make_other_formats(SEED, ROWS),
    "videos": lambda folder: make_video_corpus(folder, SEED, 8192),
}


@pytest.mark.parametrize(
    ("version", "make"),
    [
        pytest.param(version, make, marks=needs_trainer(f"llamafactory-{version}"), id=f"{version} {name}")
        for version in ("0.9.3", "0.9.4")
        for name, make in MAKERS.items()
        if (version, name) != ("0.9.3", "other formats")  # it has no openai
    ],
)
def test_fresh_random_rows_of_later_releases(version, make, tmp_path, monkeypatch):
    """Releases with the interfaces of 0.9.5."""
    corpus = make(tmp_path)
    if version == "0.9.3" and make is MAKERS["videos"]:
        corpus["entries"][1]["rows"].pop()  # no frames: it stops too, with another exception
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    given = {"corpus": corpus, "folder": str(tmp_path)}
    home = trainer_home(f"llamafactory-{version}")
    theirs = judges.ask(home, "tests.oracle.judge", VOCABULARY, "rows", given=given, cwd=tmp_path)
    for entry in corpus["entries"]:
        entry["settings"]["trainer"] = f"llamafactory@{version}"
    print(f"llamafactory {version}: {sum(map(len, theirs.values()))} rows compared")
    assert differences(our_answers(registry, corpus), theirs) == [], f"MMVALIDATE_SEED={SEED}"


@pytest.mark.parametrize(
    "version",
    [pytest.param(name, marks=needs_trainer(f"llamafactory-{name}")) for name in ("0.9.2", "0.9.3", "0.9.4", "main")],
)
def test_fresh_random_rows_of_qwen2_5_vl(version, tmp_path, monkeypatch):
    """Its added tokens stand in the texts."""
    corpus = make_corpus(SEED, ROWS)
    spread(corpus, LATER_TOKENS)
    for entry in corpus["entries"]:
        if version == "0.9.2":
            entry["settings"].pop("default_system")
        entry["settings"]["trainer"] = f"llamafactory@{version}"
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    home = f"llamafactory-{version}"
    given = {"corpus": asked(corpus), "folder": str(tmp_path), "model": "qwen2.5-vl", "tokens": LATER_TOKENS}
    if version == "0.9.2":
        theirs = ask(home, "judge_llamafactory", given, tmp_path)
    else:
        theirs = judges.ask(trainer_home(home), "tests.oracle.judge", VOCABULARY, "rows", given=given, cwd=tmp_path)
    print(f"llamafactory {version}, Qwen2.5-VL: {sum(map(len, theirs.values()))} rows compared")
    assert differences(our_answers(registry, corpus), theirs) == [], f"MMVALIDATE_SEED={SEED}"


def asked(corpus: dict) -> dict:
    """A corpus without what is said to us alone."""
    own = ("trainer", "processor")
    return {
        **corpus,
        "entries": [
            {**entry, "settings": {name: value for name, value in entry["settings"].items() if name not in own}}
            for entry in corpus["entries"]
        ],
    }


@pytest.mark.parametrize("settings", [{}, {"cutoff_len": 300, "video_fps": 3.3, "video_maxlen": 9}])
@pytest.mark.parametrize("template", ["qwen3_vl_nothink", "qwen3_vl"])
@needs_trainer("llamafactory-0.9.4")
def test_videos_of_qwen3_vl_are_told_by_the_places_of_their_frames(template, settings, tmp_path, monkeypatch):
    """0.9.4: the times that are written are those of frames that follow each other, whenever they are shown."""
    corpus = make_timed_corpus(tmp_path, SEED, ROWS, **{"cutoff_len": 8192, **settings})
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    asked, own = fed_as(template, tmp_path)
    given = {"corpus": corpus, "folder": str(tmp_path), **asked}
    home = trainer_home("llamafactory-0.9.4")
    theirs = judges.ask(home, "tests.oracle.judge", VOCABULARY, "rows", given=given, cwd=tmp_path)
    corpus = set_up(corpus, trainer="llamafactory@0.9.4", **own)
    assert {answer["status"] for answers in theirs.values() for answer in answers} == {"ok", "error"}
    print(f"llamafactory 0.9.4, {template}: {sum(map(len, theirs.values()))} rows with videos compared")
    assert differences(our_answers(registry, corpus), theirs) == [], f"MMVALIDATE_SEED={SEED}"


@pytest.mark.parametrize(
    "version",
    [pytest.param(version, marks=needs_trainer(f"llamafactory-{version}")) for version in ("0.9.1", "0.9.2")],
)
def test_fresh_random_rows(version, tmp_path, monkeypatch):
    corpus = make_corpus(SEED, ROWS)
    for entry in corpus["entries"]:
        entry["settings"].pop("default_system")
        entry["settings"]["trainer"] = f"llamafactory@{version}"
        if version == "0.9.1":
            rows = json.dumps(entry["rows"])
            for letter in NEW_LETTERS:  # one by one: a placeholder may stand between two of them
                rows = rows.replace(letter, "")
            entry["rows"] = json.loads(rows)
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    theirs = ask(f"llamafactory-{version}", "judge_llamafactory", {"corpus": corpus, "folder": str(tmp_path)}, tmp_path)
    statuses = [answer["status"] for answers in theirs.values() for answer in answers]
    assert len(statuses) >= ROWS and {"ok", "dropped", "error"} == set(statuses)
    assert differences(our_answers(registry, corpus), theirs) == [], f"MMVALIDATE_SEED={SEED}"
