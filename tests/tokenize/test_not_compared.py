"""`tokenize --check N`: which rows are not compared with the trainer's own; tests/oracle/test_compared.py compares."""

import json

import pytest

from tests.conftest import say

TRAINING = {"stage": "sft", "template": "qwen2_vl", "model_name_or_path": "m", "dataset": "data", "cutoff_len": 2048}
NOT_COMPARED = {
    "without a training file": ((), "--check needs --train-config"),
    "packed": (("--train-config", "packed.json"), "Packed rows are not compared"),
    "rows of ms-swift": (("swift",), "--check compares ids, which are written for LLaMA-Factory alone"),
}


@pytest.mark.parametrize("name", NOT_COMPARED)
def test_what_is_not_compared_is_refused_before_anything_is_written(dataset, name, mmvalidate):
    more, words = NOT_COMPARED[name]
    dataset.write([say("a", "b")])
    dataset.check(**({"trainer": "ms-swift"} if more == ("swift",) else {}))
    (dataset.folder / "packed.json").write_text(json.dumps({**TRAINING, "packing": True}))
    more = () if more == ("swift",) else more
    done = mmvalidate("tokenize", "run", "--to", "out", "--check", "1", *more, cwd=dataset.folder)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    assert not (dataset.folder / "out").exists()
