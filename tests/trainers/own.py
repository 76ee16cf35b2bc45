"""Our answers to data alone, under the trainers that read it, and how they differ from theirs."""

from collections import Counter

from tests.oracle.compare import our_answer
from validator.catalog.formats import file_rows
from validator.catalog.registry import load_registry
from validator.engine.entries import open_entries
from validator.facts.measure import Measurer
from validator.settings import Settings
from validator.storage.remote import locate

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
        if mine["status"] == "error" and other.get("fed") and other["fed"] != other["image_tokens"]:
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
