"""Checkpoints are data: pickles are refused unless asked for, and no code in a folder is run."""

import json
import shutil
import sys

import pytest

from tests.environments import needs_replay
from validator.replaying.possible import check_possible
from validator.replaying.settings import ReplaySettings

CODE = "open({!r}, 'a').close()\n"


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A small model as safetensors."""
    from validator.replaying.model import scale_model

    folder = tmp_path_factory.mktemp("sound")
    scale_model().save_pretrained(folder)
    return folder


@pytest.fixture
def model(sound, tmp_path):
    return shutil.copytree(sound, tmp_path / "model")


class Opens:
    """Unpickled, it makes a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "a")


def as_pickle(folder, safe="model.safetensors", name="pytorch_model.bin"):
    import torch
    from safetensors.torch import load_file

    torch.save(load_file(folder / safe), folder / name)
    (folder / safe).unlink()


def changed(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def load(folder, **settings):
    from validator.replaying.model import build_model

    return build_model(ReplaySettings(model=str(folder), **settings), "cpu")


@needs_replay
def test_a_checkpoint_of_pickles_is_refused_unless_asked_for(model, sound):
    from validator.replaying.model import fingerprint

    as_pickle(model)
    with pytest.raises(ValueError, match=r"pytorch_model\.bin is a pickle, .* save the weights as safetensors, or add"):
        load(model)
    assert fingerprint(load(model, allow_pickles=True)) == fingerprint(load(sound))


@needs_replay
@pytest.mark.parametrize("allowed", [False, True])
def test_a_pickle_that_the_config_names_beside_safetensors(model, tmp_path, allowed):
    """transformers reads the file of this name whatever `use_safetensors` says; asked for, its tensors alone are."""
    import torch

    torch.save({"x": Opens(tmp_path / "ran")}, model / "adapter_model.bin")
    changed(model / "config.json", transformers_weights="adapter_model.bin")
    with pytest.raises(ValueError, match="--model"):
        load(model, allow_pickles=allowed)
    assert not (tmp_path / "ran").exists()


@needs_replay
def test_an_adapter_of_pickles(model, tmp_path):
    from peft import LoraConfig, get_peft_model

    from validator.replaying.model import scale_model

    adapter = tmp_path / "adapter"
    get_peft_model(scale_model(), LoraConfig(target_modules=["q_proj"])).save_pretrained(adapter)
    changed(adapter / "adapter_config.json", base_model_name_or_path=str(model))
    load(adapter)
    as_pickle(adapter, "adapter_model.safetensors", "adapter_model.bin")
    with pytest.raises(ValueError, match=r"adapter_model\.bin is a pickle"):
        load(adapter)
    load(adapter, allow_pickles=True)


@needs_replay
@pytest.mark.parametrize("kind", ["qwen2_vl", "of_their_own"])
def test_code_in_the_folder_of_a_model_is_not_run(model, tmp_path, kind):
    (model / "theirs.py").write_text(CODE.format(str(tmp_path / "ran")))
    changed(model / "config.json", model_type=kind, auto_map={"AutoConfig": "theirs.Config", "AutoModel": "theirs.M"})
    if kind == "qwen2_vl":
        load(model)
    else:
        with pytest.raises(ValueError, match="--model"):
            load(model)
    assert not (tmp_path / "ran").exists()


@needs_replay
def test_code_in_the_folder_of_a_tokenizer_is_not_run(tmp_path, monkeypatch):
    """Where it is unknown to transformers, a person at a terminal would be asked, and nobody else."""
    from scripts.tiny_checkpoint import write_tokenizer
    from validator.replaying.spelling import Spelling

    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked whether to run code"))
    write_tokenizer(tmp_path)
    (tmp_path / "theirs.py").write_text(CODE.format(str(tmp_path / "ran")))
    named = {"tokenizer_class": "Theirs", "auto_map": {"AutoTokenizer": ["theirs.T", "theirs.T"]}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(named))
    assert Spelling(str(tmp_path)).pad_id is not None
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("option", ["model", "reference_model"])
def test_pickles_are_refused_before_anything_is_checked(tmp_path, monkeypatch, option):
    monkeypatch.setitem(sys.modules, "torch", sys)  # as if it were installed
    monkeypatch.setitem(sys.modules, "transformers", sys)
    (tmp_path / "pytorch_model-00001-of-00002.bin").touch()
    with pytest.raises(ValueError, match=rf"--{option.replace('_', '-')} {tmp_path}: .*00001-of-00002.bin is a pickle"):
        check_possible(ReplaySettings(**{option: str(tmp_path)}))
    check_possible(ReplaySettings(**{option: str(tmp_path)}, allow_pickles=True))
    (tmp_path / "model.safetensors").touch()
    check_possible(ReplaySettings(**{option: str(tmp_path)}))
