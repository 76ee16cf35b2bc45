"""The cutoff: the trainer's published vectors, and the order of pairs."""

import pytest

from validator.tokens.truncation import infer_seqlen, truncate


@pytest.mark.parametrize(
    ("source", "target", "cutoff", "kept"),
    [
        (3000, 2000, 1000, (600, 400)),
        (2000, 3000, 1000, (400, 600)),
        (1000, 100, 1000, (900, 100)),
        (100, 1000, 1000, (100, 900)),
        (100, 500, 1000, (100, 500)),
        (500, 100, 1000, (500, 100)),
        (250, 10, 1000, (250, 10)),
        (3000, 40, 64, (64, 0)),
    ],
)
def test_infer_seqlen(source, target, cutoff, kept):
    assert infer_seqlen(source, target, cutoff) == kept


def test_later_pairs_get_what_is_left():
    pairs = [(30, 30), (30, 30), (30, 30)]
    assert truncate(pairs, 100, last_first=False) == [(30, 30), (20, 20), (0, 0)]
    assert truncate(pairs, 100, last_first=True) == [(0, 0), (20, 20), (30, 30)]
    assert truncate(pairs, 180, last_first=False) == pairs
