"""Training files of TRL: a sentence says what to give in their place."""

from pathlib import Path

import pytest

from validator.training.config import load_config

NAMED = "dataset_name: trl-lib/llava-instruct-mix\n"
OF_TRL = "train.yaml is a training file of TRL (`dataset_name`), which is not read: give what it says of the data by "
OF_TRL += "options, as in `mmvalidate DATA --trainer trl"
HERE = "` (DATA: a file or folder on this disk)."
STOPS = " Where the data have a column `image` or `images`, TRL stops before training at "
FILES = {
    "nothing else": (NAMED, f"{OF_TRL} --cutoff-len 1024{HERE}"),
    "its model and its loss": (
        f"{NAMED}model_name_or_path: Qwen/Qwen3-VL-4B-Instruct\nassistant_only_loss: true\nmax_length: null\n"
        "completion_only_loss: false\n",
        f"{OF_TRL} --cutoff-len 2147483648 --processor qwen3-vl --assistant-only-loss --no-completion-only-loss{HERE}",
    ),
    "packing": (
        f"{NAMED}packing: true\nmax_length: 2048\n",
        f"{OF_TRL} --cutoff-len 2048{HERE}{STOPS}`packing: true`: leave that out.",
    ),
    "packing that splits rows, and no padding": (
        f"{NAMED}packing: true\npacking_strategy: wrapped\npadding_free: true\n",
        f"{OF_TRL} --cutoff-len 1024{HERE}{STOPS}`packing: true` and `padding_free: true`: leave that out. "
        "Not reproduced: `packing_strategy: wrapped`.",
    ),
    "the end of rows, and another template": (
        f"{NAMED}truncation_mode: keep_end\nchat_template_path: a.jinja\n",
        f"{OF_TRL} --cutoff-len 1024{HERE}{STOPS}`truncation_mode: keep_end`: leave that out. "
        "Not reproduced: `chat_template_path`, `truncation_mode: keep_end`.",
    ),
    "the end of rows that are never cut": (
        f"{NAMED}truncation_mode: keep_end\nmax_length: null\n",
        f"{OF_TRL} --cutoff-len 2147483648{HERE}",
    ),
    "a mixture": (
        "datasets:\n  - path: a/b\n",
        f"{OF_TRL.replace('dataset_name', 'datasets')} --cutoff-len 1024{HERE}",
    ),
    "data that are here": (
        "dataset_name: my rows.jsonl\n",
        f"{OF_TRL} --cutoff-len 1024`.".replace("DATA", "'my rows.jsonl'"),
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_a_training_file_of_trl_is_refused_with_the_command_in_its_place(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my rows.jsonl").write_text("{}")
    text, sentence = FILES[case]
    (tmp_path / "train.yaml").write_text(text)
    with pytest.raises(ValueError, match="of TRL") as raised:
        load_config(Path("train.yaml"))
    assert str(raised.value) == sentence


def test_a_file_that_names_a_dataset_is_llama_factorys(tmp_path):
    (tmp_path / "train.yaml").write_text(f"{NAMED}dataset: demo\npacking: true\n")
    assert load_config(tmp_path / "train.yaml").unknown == ("dataset_name",)
