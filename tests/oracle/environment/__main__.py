"""The oracle by hand: a line of JSON for each row of a dataset.

    .oracle/venv/bin/python -m tests.oracle.environment FOLDER DATASET [KEY=VALUE ...] [--full]

KEY is one of a training file (cutoff_len, image_max_pixels, mask_history, media_dir ...). `--full` runs the trainer's
whole preprocessing, as training does: one bad row ends it.
"""

import argparse
import json
import sys
from pathlib import Path

import yaml

from tests.oracle.environment.oracle import Oracle
from tests.oracle.environment.tokenizer import make_tokenizer

VOCABULARY = Path(sys.prefix) / "qwen.tiktoken"
"""`./scripts/oracle` puts it into the environment."""


def main() -> None:
    """Read the command line, and print what becomes of each row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("dataset")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE")
    parser.add_argument("--full", action="store_true")
    given = parser.parse_args()
    pairs = (setting.partition("=") for setting in given.settings)
    settings = {key: yaml.safe_load(value) for key, _, value in pairs}
    oracle = Oracle(given.folder, given.dataset, tokenizer=make_tokenizer(VOCABULARY), **settings)
    if given.full:
        answers = ({"len": len(row["input_ids"])} for row in oracle.full())
    else:
        answers = oracle.samples(given.dataset)
    for answer in answers:
        print(json.dumps(answer, ensure_ascii=False))


if __name__ == "__main__":
    main()
