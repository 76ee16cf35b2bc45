"""Requests in flight: files are asked for in the order in which they are used, and wait here until they are.

Bounded in number and in bytes. Bytes are counted once an answer says how many come; until there is room they stay in
the connection. A file that is waited for, and those asked for before it, always find room: so nothing waits for ever,
and what is held is at most the limit and the file that is used next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass

from validator.storage.fetched import Fetched, Room

Ask = Callable[[Room], Awaitable[Fetched]]
_FEW = 8
"""Parts of the limit that are used up before the loop is told."""


@dataclass(slots=True, eq=False)
class _Ticket:
    place: int
    path: str
    ask: Ask
    future: Future[Fetched]
    held: int = 0
    task: asyncio.Task[None] | None = None


class Flight:
    """Requests of one process, by one event loop that runs in a thread of its own. `number`: requests at a time;
    `num_bytes`: held at most.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, number: int, num_bytes: int) -> None:
        self._loop, self._limit = loop, num_bytes
        self._tickets: dict[str, _Ticket] = {}
        self._asked = self._freed = 0
        self._held, self._urgent = 0, -1  # of the loop's thread, like all below
        self._slots = asyncio.Semaphore(number)
        self._waiting: list[tuple[_Ticket, int, asyncio.Future[None]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """Files that were asked for and not taken yet."""
        return len(self._tickets)

    def has(self, path: str) -> bool:
        """Whether a file was asked for and not taken yet."""
        return path in self._tickets

    def ask(self, asks: Iterable[tuple[str, Ask]]) -> None:
        """Ask for files, in this order, without waiting; one that is asked for already is left."""
        new = []
        for path, ask in asks:
            if path not in self._tickets:
                self._asked += 1
                self._tickets[path] = ticket = _Ticket(self._asked, path, ask, Future())
                new.append(ticket)
        if new:
            self._loop.call_soon_threadsafe(self._begin, new)

    def take(self, path: str) -> Fetched:
        """What came, waiting for it. Raises OSError, in a sentence, where nothing did."""
        ticket = self._tickets[path]
        if not ticket.future.done():
            self._loop.call_soon_threadsafe(self._hurry, ticket.place, self._freed)
            self._freed = 0
        try:
            return ticket.future.result()
        finally:
            del self._tickets[path]
            self._freed += ticket.held
            if self._freed > self._limit // _FEW:
                self._loop.call_soon_threadsafe(self._hurry, -1, self._freed)
                self._freed = 0

    def drop(self, path: str) -> None:
        """Forget one file that was asked for."""
        ticket = self._tickets.pop(path)
        self._loop.call_soon_threadsafe(self._let_go, ticket)

    def close(self) -> None:
        """Forget what was asked for, and end the requests."""
        self._tickets.clear()
        self._loop.call_soon_threadsafe(self._end)

    def _begin(self, tickets: list[_Ticket]) -> None:
        for ticket in tickets:
            ticket.task = task = self._loop.create_task(self._serve(ticket))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _hurry(self, place: int, freed: int) -> None:
        self._urgent, self._held = max(self._urgent, place), self._held - freed
        for waiting in sorted(self._waiting, key=lambda waiting: waiting[0].place):
            ticket, num_bytes, granted = waiting
            if self._fits(ticket, num_bytes):
                self._waiting.remove(waiting)
                self._hold(ticket, num_bytes)
                if not granted.done():  # it may have been given up
                    granted.set_result(None)

    def _fits(self, ticket: _Ticket, num_bytes: int) -> bool:
        return self._held + num_bytes - ticket.held <= self._limit or ticket.place <= self._urgent

    def _hold(self, ticket: _Ticket, num_bytes: int) -> None:
        self._held += num_bytes - ticket.held
        ticket.held = num_bytes

    def _let_go(self, ticket: _Ticket) -> None:
        if ticket.task is not None:
            ticket.task.cancel()
        self._waiting = [waiting for waiting in self._waiting if waiting[0] is not ticket]
        self._hurry(-1, ticket.held)
        ticket.held = 0

    def _end(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _serve(self, ticket: _Ticket) -> None:
        async def room(num_bytes: int) -> None:
            if self._fits(ticket, num_bytes):
                self._hold(ticket, num_bytes)
            else:
                granted: asyncio.Future[None] = self._loop.create_future()
                self._waiting.append((ticket, num_bytes, granted))
                await granted

        try:
            async with self._slots:
                fetched = await ticket.ask(room)
        except BaseException as error:
            ticket.future.set_exception(OSError("the request was given up") if _is_end(error) else error)
            if _is_end(error):
                raise
        else:
            ticket.future.set_result(fetched)


def _is_end(error: BaseException) -> bool:
    return isinstance(error, asyncio.CancelledError | KeyboardInterrupt | SystemExit)
