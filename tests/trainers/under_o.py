"""Our answers to random rows of every profile, as JSON on stdout:
`python [-O] -m tests.trainers.under_o` in an empty folder."""

import json
import os
from pathlib import Path

from tests.oracle.compare import our_answer
from tests.oracle.corpus import make_corpus, make_other_formats, write_corpus
from tests.trainers.axolotl_corpus import make_axolotl_corpus
from tests.trainers.nemo_corpus import make_nemo_corpus, write_nemo_corpus
from tests.trainers.own import own_answers
from tests.trainers.swift_corpus import make_swift_corpus
from tests.trainers.trl_corpus import write_trl_corpus
from tests.trainers.v1_corpus import make_v1_corpus, write_v1_corpus
from validator.catalog.json_rows import read_rows
from validator.catalog.json_survey import survey
from validator.catalog.kept_as_json import with_mixed
from validator.catalog.registry import load_registry
from validator.facts.measure import Measurer
from validator.settings import Settings
from validator.trainers.registry import trainers

SEED, ROWS = 20261128, 180
OWN = {
    "llamafactory-v1": (make_v1_corpus, write_v1_corpus),
    "axolotl": (make_axolotl_corpus, write_trl_corpus),
    "nemo-automodel": (make_nemo_corpus, write_nemo_corpus),
}
"""Trainers that read other registries, or read them otherwise."""


def answers() -> dict[str, list[dict]]:
    """(profile and entry) -> an answer a row, in the oracle's form."""
    swift = make_swift_corpus(SEED, 2 * ROWS)
    others = (make_corpus(SEED, ROWS), make_other_formats(SEED, ROWS // 2))
    common = [name for name in trainers() if name != "ms-swift" and name not in OWN]
    corpora = [(swift, ["ms-swift"]), *((corpus, common) for corpus in others)]
    found = {}
    for trainer, (make, write) in OWN.items():
        place, here = Path(trainer), Path.cwd()
        place.mkdir()
        os.chdir(place)  # their files are named from where they lie
        for name, file in write(make(SEED, ROWS), Path.cwd()).items():
            found[f"{trainer} {name}"] = own_answers(file["file"], trainer, file["settings"]) or []
        os.chdir(here)
    for number, (corpus, names) in enumerate(corpora):
        place = Path(str(number))
        place.mkdir()
        registry = write_corpus(corpus, place)
        for trainer in names:
            for spec in corpus["entries"]:
                given = spec["settings"] if trainer == "ms-swift" else {"trainer": trainer, "cutoff_len": 333}
                settings = Settings(dataset_info=registry, **given)
                entry = load_registry(registry, (spec["name"],)).entries[0]
                file = place / entry.location
                loaded = with_mixed(survey(file, by_value=True), file) if trainer == "ms-swift" else survey(file)
                measurer = Measurer(entry, entry.location, loaded, settings)
                floats = trainer == "ms-swift" or entry.formatting == "openai"
                found[f"{trainer} {spec['name']}"] = [
                    our_answer(measurer, raw) for raw in read_rows(file, loaded.layout, loader_floats=floats)
                ]
    return found


if __name__ == "__main__":
    print(json.dumps(answers(), sort_keys=True))
