"""Configurations of axolotl, put to axolotl's own check, loader and collator, and to ours."""

import json

import yaml
from PIL import Image

from tests.conftest import findings_of, say
from tests.environments import needs_trainer
from tests.trainers.compare import ask
from validator.training.axolotl_config import axolotl_table, make_axolotl

PLAIN = {
    "base_model": "Qwen/Qwen2-VL-2B-Instruct",
    "processor_type": "AutoProcessor",
    "skip_prepare_dataset": True,
    "remove_unused_columns": False,
    "sample_packing": False,
    "chat_template": "qwen2_vl",
    "datasets": [{"path": "seen.jsonl", "type": "chat_template"}],
    "micro_batch_size": 1,
    "gradient_accumulation_steps": 1,
    "learning_rate": 1e-4,
}
VALUES = (
    "abc", "12", "12.5", "-1", "'12'", "'12.0'", "1e3", "1e-4", "yes", "'no'", "maybe", "none", "null", "''", "[3]",
    "[a]", "[]", "{a: 1}", "3.0", "true", "0", "' 7'", "'TRUE'", "2.5e3",
)  # fmt: skip


@needs_trainer("axolotl")
def test_keys_and_values_are_taken_as_axolotl_takes_them(tmp_path):
    """Every key with every value: what it refuses for its kind is refused here, and nothing else is."""
    unknown = ("sequence_length", "roles_to_train", "processor_config", "lora-r", "torch_dtype")
    keys = [*sorted(axolotl_table()["arguments"].keys() - {"plugins", "datasets", "base_model"}), *unknown]
    values = [yaml.safe_load(text) for text in VALUES]
    files = [{**PLAIN, key: value} for key in keys for value in values]
    of_data = sorted(axolotl_table()["dataset"].keys() - {"type"})
    files += [
        {**PLAIN, "datasets": [{**PLAIN["datasets"][0], key: value}]} for key in [*of_data, "spilt"] for value in values
    ]
    answers = ask("axolotl", "judge_axolotl_file", {"files": files, "whole": False}, tmp_path)
    missed, differing = 0, []
    for given, theirs in zip(files, answers, strict=True):
        config, error = make_axolotl(given), theirs["config"]
        refused = {key.rpartition(".")[2] for key in config.refused}
        if refused and not error:
            differing.append((refused, {key: given[key] for key in refused if key in given}, given["datasets"]))
        if error and error[0] == "ValidationError" and not refused:
            missed += 1
        if not error and set(config.unknown) - {key for key in config.unknown if "." in key} - set(theirs["left"]):
            differing.append((config.unknown, theirs["left"]))
    print(f"{len(files)} files, {sum(bool(answer['config']) for answer in answers)} refused, {missed} of them not here")
    assert differing == [], "\n".join(map(str, differing))
    assert missed < 0.1 * len(files)


TALK, LONG = say("What?", "That."), say("Where? " * 30, "There. " * 40)
SEEN = {**say("See?", "Blue."), "images": ["a.png"]}
FILES = {
    "talk/a.jsonl": [TALK, LONG],
    "talk/b.jsonl": [TALK],
    "seen.jsonl": [SEEN, {**SEEN, "images": None}],
    "split/train-0.jsonl": [SEEN, SEEN],
    "split/test-0.jsonl": [TALK],
    "test/test.jsonl": [TALK],
    "numbers.jsonl": [{**TALK, "images": [1]}],
    "more.jsonl": [{**LONG, "source": "b", "images": ["a.png"]}],
    "told.jsonl": [{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}],
}


def parts(*given, **keys):
    return {**PLAIN, "datasets": [{"type": "chat_template", **part} for part in given], **keys}


def without(*names, **keys):
    return {key: value for key, value in {**PLAIN, **keys}.items() if key not in names}


CASES = {
    "a file": PLAIN,
    "a folder": parts({"path": "talk"}),
    "a folder with splits": parts({"path": "split"}),
    "its other split": parts({"path": "split", "split": "test"}),
    "a folder without the split for training": parts({"path": "test"}),
    "a slice of a file": parts({"path": "seen.jsonl", "split": "train[1:]"}),
    "an unknown split": parts({"path": "talk", "split": "dev"}),
    "another split of a file": parts({"path": "seen.jsonl", "split": "test"}),
    "files of a folder, named from here": parts({"path": "talk", "data_files": ["talk/b.jsonl"]}),
    "files of a folder, named from there": parts({"path": "talk", "data_files": ["b.jsonl"]}),
    "a kind that is said": parts({"path": "seen.jsonl", "ds_type": "json"}),
    "rows of CSV that are said to be JSON": parts({"path": "rows.csv", "ds_type": "json"}),
    "several": parts({"path": "seen.jsonl"}, {"path": "more.jsonl"}),
    "pictures and talk": parts({"path": "seen.jsonl"}, {"path": "talk"}),
    "columns that do not go together": parts({"path": "seen.jsonl"}, {"path": "numbers.jsonl"}),
    "messages of other names": parts({"path": "told.jsonl", "field_messages": "conversations"}),
    "messages of two names": parts({"path": "told.jsonl"}, {"path": "talk"}),
    "no path": parts({"name": "a"}),
    "a path that is not there": parts({"path": "a/b/c"}),
    "an unknown key": parts({"path": "talk", "spilt": "x"}),
    "a sequence that is short": {**PLAIN, "sequence_len": 8},
    "packed": {**PLAIN, "sample_packing": True, "sequence_len": 100},
    "no processor": without("processor_type"),
    "not skipped": without("skip_prepare_dataset"),
    "not skipped, no processor": without(
        "skip_prepare_dataset",
        "processor_type",
        datasets=[{"path": "seen.jsonl", "type": "chat_template", "chat_template": "qwen2_vl"}],
    ),
    "no columns are said to stay": without("remove_unused_columns"),
}
STOPPING = {"DI001", "DI031", "CF048", "CF049"}
"""Rules that say that axolotl stops, before it comes to a row."""


@needs_trainer("axolotl")
def test_data_and_options_are_read_as_axolotl_reads_them(tmp_path, mmvalidate, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    Image.new("RGB", (300, 200), "navy").save("a.png")
    for name, rows in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "rows.csv").write_text("messages,images\na,b\n")
    answers = ask("axolotl", "judge_axolotl_file", {"files": list(CASES.values()), "whole": True}, tmp_path)
    differing = []
    for (name, values), theirs in zip(CASES.items(), answers, strict=True):
        stops = theirs["config"] or theirs["data"] or theirs["begin"]
        stops = stops or (theirs["rows"] and all(row["status"] == "error" for row in theirs["rows"]))
        found = ours(values, tmp_path, mmvalidate)
        if bool(stops) != bool(found["codes"] & STOPPING or (stops and (found["stops"] or "XX002" in found["codes"]))):
            differing.append((name, found, stops))
        elif not stops and found["rows"]:
            same = [told(answer) for answer in theirs["rows"]]
            if sorted(found["rows"]) != sorted(same):
                differing.append((name, found["rows"], same))
        print(name, "stops" if stops else len(theirs["rows"]), found["codes"])
    assert differing == [], "\n".join(map(str, differing))


def told(answer):
    counts = ("len", "labels", "image_tokens")
    return (answer["status"], *(answer.get(key, 0) if answer["status"] == "ok" else 0 for key in counts))


def ours(values, folder, mmvalidate):
    import pyarrow.parquet as pq

    (folder / "c.yml").write_text(yaml.safe_dump(values))
    done = mmvalidate("c.yml", "--run-dir", "run", "--no-resume", "--quiet")
    assert done.returncode in (0, 1, 3, 5), done.stderr
    samples = pq.read_table(folder / "run" / "samples.parquet").to_pylist()
    rows = [
        ("ok" if row["num_tokens"] else "error",
         *(row[key] or 0 for key in ("num_tokens", "num_label_tokens", "num_image_tokens")))
        for row in samples
        if row["status"] != "not_loaded"
    ]  # fmt: skip
    codes = {finding["code"] for finding in findings_of(folder / "run") if finding["severity"] == "error"}
    codes |= {finding["code"] for finding in findings_of(folder / "run") if finding["code"] == "XX002"}
    return {"codes": codes, "rows": rows, "stops": {row["outcome"] for row in samples} & {"stops", "unchecked"}}
