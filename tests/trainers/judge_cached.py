"""Runs inside the environment with ms-swift: what it makes of data for `cached_dataset`, and what it reads of ours.

    PYTHON -m tests.trainers.judge_cached VOCABULARY INPUT_JSON

Of every row that is kept: its columns without nulls, its length, and a hash of the ids and labels that its template
makes of them. `made`: rows by their number in the data file, as its own export saves them. `read`: those of our folder,
by its own reader, in order.
"""

import json
import os
import pathlib
import sys
from types import SimpleNamespace

from tests.trainers.judge_swift import answer, loaded, make_tokenizer, set_limits, template_of

# What stands in for torchvision is in place before the trainer imports it
# isort: split
from datasets import Dataset
from swift.dataset.utils import AddLengthPreprocessor
from swift.pipelines.utils import get_cached_dataset


def told(row, template):
    columns = {name: value for name, value in row.items() if name != "channel" and value not in (None, [])}
    for image in columns.get("images", ()):
        image["bytes"] = image["bytes"] and image["bytes"].hex()
    asked = {name: value for name, value in row.items() if name not in ("channel", "lengths")}
    return {"columns": columns, **answer(asked, template)}


def made(entry, folder, template):
    """A file of which one row stops the loader is read row by row."""
    _, kept, _ = loaded(entry, os.path.join(folder, f"{entry['name']}.{entry['suffix']}"))
    if not kept:
        return {}
    rows = Dataset.from_list(list(kept.values()), on_mixed_types="use_json")
    saved = AddLengthPreprocessor(template=template)(rows, num_proc=None, load_from_cache_file=False)
    return {int(row["channel"]): told(row, template) for row in saved if "channel" in row}


def read(entry, settings, folder, template):
    args = SimpleNamespace(
        cached_dataset=[folder],
        cached_val_dataset=[],
        data_seed=42,
        max_length=settings["cutoff_len"],
        truncation_strategy=settings.get("truncation_strategy") or "delete",
        dataset_shuffle=False,
    )
    (rows,), _ = get_cached_dataset(args)
    return [told(row, template) for row in rows]


def main(vocabulary, input_file):
    given = json.loads(pathlib.Path(input_file).read_text(encoding="utf-8"))
    tokenizer = make_tokenizer(vocabulary)
    os.environ["ROOT_IMAGE_DIR"] = given["folder"]
    answers = {}
    for entry in given["corpus"]["entries"]:
        settings = entry["settings"]
        set_limits(settings, 14)
        template = template_of(tokenizer, settings)
        ours = given["written"].get(entry["name"])
        answers[entry["name"]] = {
            "made": made(entry, given["folder"], template),
            "read": read(entry, settings, ours, template) if ours else [],
        }
    print("ANSWERS " + json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
