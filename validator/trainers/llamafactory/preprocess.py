"""Runs where LLaMA-Factory is installed, whatever else is: has it preprocess some rows by its own `get_dataset`.

    PYTHON preprocess.py INPUT_JSON OUTPUT_JSON

The input has the `arguments` of a training file, and of each row the `entry` of a dataset_info.json and a `file` with
that row alone. Of each row the output has `input_ids`, `labels` and the paths of its media, or the `error`; of all of
them the `version`, or `missing`: why the trainer cannot be imported or the tokenizer not loaded.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

COLUMNS = ("input_ids", "labels", "images", "videos", "audios")
ELSEWHERE = ("dataset", "dataset_dir", "eval_dataset", "val_size", "max_samples", "tokenized_path", "packing",
             "neat_packing", "preprocessing_num_workers", "mix_strategy", "interleave_probs", "data_shared_file_system",
             "eval_on_each_dataset", "overwrite_cache", "streaming")  # fmt: skip
"""Arguments that put data sets together, which does not touch what a row becomes."""


def main(given_file: str, answers_file: str) -> None:
    """Answer for all rows."""
    given = json.loads(Path(given_file).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as scratch:
        try:
            answers = _answers(given, Path(scratch))
        except (ImportError, OSError) as error:
            answers = {"missing": f"{type(error).__name__}: {error}"}
    Path(answers_file).write_text(json.dumps(answers), encoding="utf-8")


def _answers(given: dict[str, Any], scratch: Path) -> dict[str, Any]:
    from importlib.metadata import version

    from llamafactory.data import get_dataset
    from llamafactory.data.template import get_template_and_fix_tokenizer
    from llamafactory.hparams import DataArguments, ModelArguments
    from llamafactory.model import load_tokenizer
    from transformers import Seq2SeqTrainingArguments

    arguments = {name: value for name, value in given["arguments"].items() if name not in ELSEWHERE}
    model_args = ModelArguments(**_of(ModelArguments, arguments))
    data_args = DataArguments(
        **_of(DataArguments, arguments), dataset="row", dataset_dir=str(scratch), overwrite_cache=True
    )
    training_args = Seq2SeqTrainingArguments(str(scratch), use_cpu=True, report_to=[])
    module = load_tokenizer(model_args)
    template = get_template_and_fix_tokenizer(module["tokenizer"], data_args)
    rows = []
    for number, row in enumerate(given["rows"]):
        place = scratch / f"{number}{Path(row['file']).suffix}"
        shutil.copyfile(row["file"], place)
        (scratch / "dataset_info.json").write_text(json.dumps({"row": {**row["entry"], "file_name": place.name}}))
        try:
            made = get_dataset(template, model_args, data_args, training_args, "sft", **module)["train_dataset"]
            rows.append({name: made[0][name] for name in COLUMNS})
        except Exception as error:
            rows.append({"error": f"{type(error).__name__}: {error}"[:500]})
    return {"version": version("llamafactory"), "rows": rows}


def _of(kind: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(kind) if field.init}
    return {name: value for name, value in arguments.items() if name in names}


if __name__ == "__main__":
    main(*sys.argv[1:])
