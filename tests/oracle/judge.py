"""Runs inside the oracle's environment: asks the real trainer about every row of a corpus.

ORACLE_PYTHON judge.py ORACLE_FOLDER VOCABULARY CORPUS_JSON FOLDER > answers.json
"""

import json
import pathlib
import sys

oracle_folder, vocabulary, corpus_file, folder = sys.argv[1:5]
sys.path.insert(0, oracle_folder)
import lf_oracle  # noqa: E402

made = {}
make = lf_oracle.make_tokenizer
lf_oracle.make_tokenizer = lambda vocab: made.setdefault(vocab, make(vocab))  # one tokenizer serves all settings


def main() -> None:
    import logging

    logging.disable(logging.CRITICAL)
    from llamafactory.data.template import TEMPLATES

    template = TEMPLATES["qwen2_vl"]
    default_system = template.default_system
    corpus = json.loads(pathlib.Path(corpus_file).read_text(encoding="utf-8"))
    answers = {}
    for entry in corpus["entries"]:
        settings = {key: value for key, value in entry["settings"].items() if value is not None}
        template.default_system = default_system  # the trainer writes its setting into this global; a run has only one
        oracle = lf_oracle.build(dataset_dir=folder, dataset=entry["name"], vocab=vocabulary, **settings)
        attributes, rows = oracle.raw_rows(entry["name"])
        answers[entry["name"]] = [oracle.sample(attributes, row, index) for index, row in enumerate(rows)]
    print("ANSWERS " + json.dumps(answers))


main()
