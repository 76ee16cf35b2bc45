"""Asking again: what passes is waited for, what lasts ends, and storage that is down is not asked for each file."""

import asyncio

import pytest

from validator.storage import retry
from validator.storage.retry import Patience, TemporaryError


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that only waiting moves on."""
    now = [1000.0]

    async def sleep(seconds):
        now[0] += seconds

    monkeypatch.setattr(retry.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(retry.asyncio, "sleep", sleep)
    return now


class Storage:
    """Fails so many times."""

    def __init__(self, fails, after=0.0):
        self.fails, self.asked, self.after = fails, 0, after

    async def __call__(self):
        self.asked += 1
        if self.asked <= self.fails:
            raise TemporaryError("the storage answers 503", self.after)
        return "answer"


def ask(patience, storage, path="s3://b/a.jpg"):
    return asyncio.run(patience.answer(path, storage))


@pytest.mark.parametrize("fails", [0, 1, 5])
def test_what_passes_is_waited_for(fails):
    storage = Storage(fails)
    assert ask(Patience(), storage) == "answer" and storage.asked == fails + 1


def test_what_lasts_ends_within_the_patience(clock):
    storage = Storage(10**6)
    with pytest.raises(OSError, match=r"s3://b/a.jpg cannot be read: the storage answers 503 \(asked \d+ times\)"):
        ask(Patience(), storage)
    assert clock[0] - 1000 <= retry.PATIENCE and 5 <= storage.asked <= 20


def test_the_storage_says_how_long_to_wait(clock):
    assert ask(Patience(), Storage(1, after=12.0)) == "answer" and clock[0] == 1012


def test_storage_that_answers_nothing_is_not_asked_for_every_file(clock):
    patience, storage = Patience(), Storage(10**6)
    with pytest.raises(OSError, match="asked"):
        ask(patience, storage)
    asked = storage.asked
    for _ in range(100):
        with pytest.raises(OSError, match=r"s3://b/c.jpg was not asked for: the storage answers nothing"):
            ask(patience, storage, "s3://b/c.jpg")
    assert storage.asked == asked
    clock[0] += 60
    assert ask(patience, Storage(0)) == "answer"
    assert ask(patience, Storage(3)) == "answer"


def test_a_file_that_fails_for_ever_takes_no_other_with_it(clock):
    patience = Patience()

    async def together():
        bad = asyncio.ensure_future(patience.answer("bad", Storage(10**6)))
        await asyncio.sleep(0)
        for _ in range(10):
            clock[0] += 1
            assert await patience.answer("good", Storage(0)) == "answer"
        with pytest.raises(OSError, match="bad cannot be read"):
            await bad
        return await patience.answer("good", Storage(2))

    assert asyncio.run(together()) == "answer"
