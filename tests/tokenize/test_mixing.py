"""Rows of several data sets are put together as `datasets` does."""

import random

import datasets
import numpy as np
import pytest

from validator.training.mixing import held_out, mixed


def sets_of(dice):
    """Lists of numbers that are all different."""
    numbers = iter(range(10_000))
    return [[next(numbers) for _ in range(dice.randrange(1, 40))] for _ in range(dice.randrange(2, 5))]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("strategy", "named"), [("interleave_under", "first_exhausted"), ("interleave_over", "all_exhausted")]
)
def test_interleaved(strategy, named, seed):
    dice = random.Random(seed)
    parts = sets_of(dice)
    weights = None
    if seed % 2:
        weights = np.array([dice.random() + 0.1 for _ in parts])
        weights = (weights / weights.sum()).tolist()
    theirs = datasets.interleave_datasets(
        [datasets.Dataset.from_dict({"x": part}) for part in parts],
        probabilities=weights,
        seed=seed,
        stopping_strategy=named,
    )
    arrays = [np.array(part, np.int64) for part in parts]
    assert mixed(arrays, strategy, weights, seed).tolist() == list(theirs["x"])


@pytest.mark.parametrize("size", [0.01, 0.3, 0.9, 1.5, 2, 7])
def test_held_out(size):
    rows = np.arange(100, 120)
    theirs = datasets.Dataset.from_dict({"x": rows}).train_test_split(int(size) if size > 1 else size, seed=3)
    train, validation = held_out(rows, size, 3)
    assert (train.tolist(), validation.tolist()) == (list(theirs["train"]["x"]), list(theirs["test"]["x"]))


@pytest.mark.parametrize(
    ("strategy", "weights", "said"),
    [
        ("interleave_once", None, "is not carried out by the trainer's release"),
        ("interleave_under", (0.5,), "must be as many as the data sets"),
        ("interleave_over", (0.0, 1.0), "never comes to an end"),
        ("interleave_under", (0.5, 0.6), "`interleave_probs`: [Pp]robabilities"),
    ],
)
def test_what_the_trainer_does_not_carry_out(strategy, weights, said):
    with pytest.raises(ValueError, match=said):
        mixed([np.arange(3), np.arange(4)], strategy, weights, 1)
