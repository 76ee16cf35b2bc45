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
_SLOWEST = 1 << 12
"""Bytes a second below which a body has failed."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 15.0
_NOW_AND_THEN = 5.0
"""Seconds between questions to storage that is down."""
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
    """How long storage is asked again. Once it has answered nothing at all for the PATIENCE of some file, it is down: a
    file is asked for once, and only now and then, until one comes.
    """

    def __init__(self) -> None:
        self._answered = self._asked = -PATIENCE
        self._down = ""

    async def answer(self, path: str, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """What `ask` gives, at last. Raises OSError, a sentence that names the address."""
        began, pause, attempts = time.monotonic(), _FIRST_PAUSE, 0
        while True:
            if self._down and time.monotonic() - self._asked < _NOW_AND_THEN:
                raise OSError(f"{path[:200]} was not asked for: the storage answers nothing, at last: {self._down}")
            self._asked, attempts = time.monotonic(), attempts + 1
            try:
                answer = await ask()
            except TemporaryError as error:
                wait = max(random.uniform(pause / 2, pause), min(error.after, _LONGEST_PAUSE))
                if self._down or time.monotonic() - began + wait > PATIENCE:
                    self._down = str(error) if self._answered < began else ""
                    times = "once" if attempts == 1 else f"{attempts} times"
                    raise OSError(f"{path[:200]} cannot be read: {error} (asked {times})") from None
                await asyncio.sleep(wait)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                self._answered, self._down = time.monotonic(), ""
                return answer
