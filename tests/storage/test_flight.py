"""Requests in flight: how many at a time, how many bytes wait, and that none waits for ever."""

import asyncio
import threading
from concurrent.futures import TimeoutError as Late

import pytest

from validator.storage.fetched import Fetched
from validator.storage.flight import Flight
from validator.storage.identity import Identity


@pytest.fixture
def loop():
    running = asyncio.new_event_loop()
    thread = threading.Thread(target=running.run_forever)
    thread.start()
    yield running
    running.call_soon_threadsafe(running.stop)
    thread.join()
    running.close()


class Source:
    """Answers of so many bytes each; counts the requests and the bytes that are held at a time."""

    def __init__(self, size):
        self.size = size
        self.now = self.most = self.held = self.most_held = 0
        self.order = []

    def ask(self, path):
        async def answer(room):
            self.order.append(path)
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0.001)
            await room(self.size)
            self.held += self.size
            self.most_held = max(self.most_held, self.held)
            self.now -= 1
            return Fetched(Identity("file", self.size), bytes(self.size))

        return path, answer

    def used(self, fetched):
        self.held -= len(fetched.data)


def settled(loop):
    """Once nothing happens in the loop any more."""

    async def pause():
        await asyncio.sleep(0.05)

    asyncio.run_coroutine_threadsafe(pause(), loop).result()


NAMES = [f"{number}.jpg" for number in range(40)]


@pytest.mark.parametrize("number", [1, 3, 64])
def test_so_many_at_a_time_in_the_order_of_use(loop, number):
    flight, source = Flight(loop, number, 1 << 20), Source(10)
    flight.ask(map(source.ask, NAMES))
    assert flight.waiting == 40
    assert [len(flight.take(name).data) for name in NAMES] == [10] * 40
    assert source.most == min(number, 40) and source.order == NAMES and flight.waiting == 0


def test_no_more_bytes_wait_than_may_and_the_one_that_is_used_next(loop):
    flight, source = Flight(loop, 64, 1000), Source(100)
    flight.ask(map(source.ask, NAMES))
    settled(loop)
    assert source.most_held == 1000
    for name in NAMES:
        source.used(flight.take(name))
    assert source.most_held <= 1000 + 100


def test_a_file_that_is_larger_than_all_room_comes_when_it_is_waited_for(loop):
    flight, source = Flight(loop, 4, 50), Source(100)
    flight.ask(map(source.ask, NAMES[:8]))
    assert [len(flight.take(name).data) for name in NAMES[:8]] == [100] * 8


def test_files_that_are_used_in_another_order_come_all_the_same(loop):
    flight, source = Flight(loop, 2, 150), Source(100)
    flight.ask(map(source.ask, NAMES[:20]))
    assert [len(flight.take(name).data) for name in reversed(NAMES[:20])] == [100] * 20


def test_what_is_dropped_makes_room(loop):
    flight, source = Flight(loop, 64, 1000), Source(100)
    flight.ask(map(source.ask, NAMES))
    settled(loop)
    for name in NAMES[:39]:
        flight.drop(name)
    assert flight.waiting == 1 and len(flight.take(NAMES[39]).data) == 100


def test_a_file_is_asked_for_once_until_it_is_taken(loop):
    flight, source = Flight(loop, 4, 1000), Source(1)
    flight.ask([source.ask("a"), source.ask("a")])
    flight.ask([source.ask("a")])
    assert flight.take("a").data == b"\0" and source.order == ["a"] and not flight.has("a")


def test_a_failure_belongs_to_its_file(loop):
    async def failing(room):
        raise OSError("b cannot be read")

    flight, source = Flight(loop, 4, 1000), Source(1)
    flight.ask([source.ask("a"), ("b", failing), source.ask("c")])
    assert flight.take("c").data == b"\0"
    with pytest.raises(OSError, match="b cannot be read"):
        flight.take("b")
    assert flight.take("a").data == b"\0"


def test_requests_end_when_nobody_wants_them_any_more(loop):
    ended = threading.Event()

    async def forever(room):
        try:
            await asyncio.sleep(1e9)
        finally:
            ended.set()

    flight = Flight(loop, 4, 1000)
    flight.ask([("a", forever)])
    settled(loop)
    flight.close()
    assert ended.wait(30)
    with pytest.raises((Late, KeyError)):
        flight.take("a")
