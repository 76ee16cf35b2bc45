"""Asking again what fails for a while: with growing pauses, up to a limit, and not for long once storage is down."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

PATIENCE = 90.0
"""Seconds in which a file is asked for again."""
SILENCE = 30.0
"""Seconds without a byte after which a request has failed."""
_SLOWEST = 1 << 16
"""Bytes a second below which a body has failed."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 15.0
Answer = TypeVar("Answer")


def time_for(length: int) -> float:
    """Seconds in which a body of so many bytes must have come."""
    return SILENCE + length / _SLOWEST


class TemporaryError(Exception):
    """The storage failed in a way that may pass. `after`: the seconds that it asks to wait."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


class Patience:
    """How long storage is asked again: not at all after a file for which PATIENCE was used up, until one answers."""

    def __init__(self) -> None:
        self._down = False

    async def answer(self, path: str, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """What `ask` gives, at last. Raises OSError, a sentence that names the address."""
        began, pause, attempts = time.monotonic(), _FIRST_PAUSE, 0
        while True:
            attempts += 1
            try:
                answer = await ask()
            except TemporaryError as error:
                wait = max(random.uniform(pause / 2, pause), min(error.after, _LONGEST_PAUSE))
                if self._down or time.monotonic() - began + wait > PATIENCE:
                    self._down = True
                    times = "once" if attempts == 1 else f"{attempts} times"
                    raise OSError(f"{path[:200]} cannot be read: {error} (asked {times})") from None
                await asyncio.sleep(wait)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                self._down = False
                return answer
