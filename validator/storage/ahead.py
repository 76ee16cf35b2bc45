"""Files asked for before they are used: which are worth it, who is asked, and where the answers wait."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial

from validator.storage.fetched import PREFETCH, Fetched, Fetcher, Room, Want, at_once
from validator.storage.flight import Flight
from validator.storage.identity import Identity
from validator.storage.local import LocalFiles
from validator.storage.retry import Patience


@dataclass(frozen=True, slots=True)
class Request:
    """A file and what is wanted of it. `recalls`, where something is remembered of the file: whether of this version,
    so that no byte of it is wanted.
    """

    path: str
    want: Want
    recalls: Callable[[Identity], bool] | None = None


class Ahead:
    """Requests of one shard. `number`: at a time; `num_bytes`: of answers that wait."""

    def __init__(self, number: int = PREFETCH, num_bytes: int = PREFETCH << 20) -> None:
        self._number, self._num_bytes = number, num_bytes
        self._patience = Patience()
        self._near: Flight | None = None
        self._far: Flight | None = None
        self._threads: LocalFiles | None = None

    @property
    def wants_more(self) -> bool:
        """Whether there is room for more requests, where any are made."""
        flights = [flight for flight in (self._near, self._far) if flight is not None]
        return bool(flights) and all(flight.waiting < 2 * self._number for flight in flights)

    def ask_local(self, requests: Iterable[Request]) -> None:
        """Ask for files on this machine."""
        if self._near is None:
            self._threads = LocalFiles(self._number)
            self._near = Flight(own_loop(os.getpid()), self._number, self._num_bytes)
        assert self._threads is not None
        self._near.ask((request.path, partial(_bring, self._threads, request)) for request in requests)

    def ask_remote(self, requests: Iterable[Request]) -> None:
        """Ask for files in storage that fsspec reads."""
        if self._far is None:
            self._far = Flight(remote_loop(), self._number, self._num_bytes)
        self._far.ask((request.path, partial(self._bring_patiently, request)) for request in requests)

    def take(self, path: str) -> Fetched | None:
        """What came of a file, waiting for it; None where it was not asked for. Raises OSError, in a sentence."""
        flight = next((flight for flight in (self._near, self._far) if flight is not None and flight.has(path)), None)
        return None if flight is None else flight.take(path)

    def drop(self, path: str) -> None:
        """Forget what was asked for and is not used."""
        for flight in (self._near, self._far):
            if flight is not None and flight.has(path):
                flight.drop(path)

    def now(self, request: Request) -> Fetched:
        """What comes of one file in storage, waiting for it. Raises OSError, in a sentence."""
        return asyncio.run_coroutine_threadsafe(self._bring_patiently(request, at_once), remote_loop()).result()

    def close(self) -> None:
        """End the requests that are under way."""
        for flight in (self._near, self._far):
            if flight is not None:
                flight.close()
        if self._threads is not None:
            self._threads.close()

    async def _bring_patiently(self, request: Request, room: Room) -> Fetched:
        from validator.storage.remote import fetcher_of

        fetcher = fetcher_of(request.path)
        return await self._patience.answer(request.path, partial(_bring, fetcher, request, room))


async def _bring(fetcher: Fetcher, request: Request, room: Room) -> Fetched:
    if request.recalls is not None:
        identity = await fetcher.look(request.path)
        if identity.kind != "file" or request.recalls(identity):
            return Fetched(identity)
    return await fetcher.fetch(request.path, request.want, room)


@lru_cache(maxsize=1)
def own_loop(process: int) -> asyncio.AbstractEventLoop:
    """The event loop of a process, in a thread of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="media", daemon=True).start()
    return loop


def remote_loop() -> asyncio.AbstractEventLoop:
    """The event loop in which fsspec's file systems work."""
    from fsspec.asyn import get_loop

    loop: asyncio.AbstractEventLoop = get_loop()
    return loop
