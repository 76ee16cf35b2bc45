"""What a replay can be asked."""

import sys

import pytest

from validator.cli.replaying import wanted
from validator.replaying.possible import check_possible
from validator.replaying.settings import ReplaySettings


def test_fp16_is_refused_with_the_reason():
    with pytest.raises(
        ValueError, match="fp16 is refused: Qwen2-VL's activations exceed the largest fp16 number, 65504"
    ):
        ReplaySettings(dtype="fp16")


@pytest.mark.parametrize(
    ("replay", "model", "number"), [("off", "scale", None), ("auto", "scale", None), ("7", "x", 7)]
)
def test_how_many(replay, model, number):
    assert wanted(replay, model) == number


@pytest.mark.parametrize("replay", ["0", "-1", "many", "1.5", ""])
def test_no_number(replay):
    with pytest.raises(ValueError, match="must be off, auto, or a number of rows"):
        wanted(replay, "scale")


def test_only_a_trained_model_is_asked_for_statistics():
    assert not ReplaySettings().judges_statistics
    assert ReplaySettings(model="somewhere").judges_statistics


def test_an_untrained_model_is_not_trained_on():
    with pytest.raises(ValueError, match="steps of an untrained model say nothing"):
        ReplaySettings(k_step=2)
    assert ReplaySettings(model="somewhere", k_step=2).k_step == 2


def test_no_such_model(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", sys)  # as if it were installed
    monkeypatch.setitem(sys.modules, "transformers", sys)
    with pytest.raises(ValueError, match=r"--model ./nowhere: no such folder, and it is not a hub id"):
        check_possible(ReplaySettings(model="./nowhere"))


def test_no_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ValueError, match=r"pip install 'mmvalidate\[replay\]'"):
        check_possible(ReplaySettings())
