"""What a store does wrong, and at which requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["status", "hang", "reset", "short", "wrong-total", "replace", "drip"]
_OF_BODIES = ("reset", "short", "wrong-total", "drip")


@dataclass(slots=True)
class Fault:
    """What happens to requests of a key (`images/*`: of all that begin so): the first `after` of them are answered as
    ever, the next `count` (None: all others) meet it. `method`: only these are counted; of faults in bodies GET.

    - `status`: the answer has the status `value`;
    - `hang`: no answer, as long as the connection is held;
    - `reset`: the connection is reset after half of the body;
    - `short`: half of the body, and then the connection is closed in good order;
    - `wrong-total`: the answer to a range names a total that is 1,000 bytes too large;
    - `replace`: the object is the one with the key `value`;
    - `drip`: `value` bytes a second.
    """

    key: str
    kind: Kind
    value: int | str = 0
    after: int = 0
    count: int | None = None
    method: str | None = None
    met: int = field(default=0)

    def strikes(self, method: str, key: str) -> bool:
        """Whether a request meets it, which is counted."""
        wanted = self.method or ("GET" if self.kind in _OF_BODIES else None)
        same = key.startswith(self.key[:-1]) if self.key.endswith("*") else key == self.key
        if not same or wanted not in (None, method):
            return False
        self.met += 1
        return self.after < self.met and (self.count is None or self.met <= self.after + self.count)


def struck(faults: Sequence[Fault], method: str, key: str) -> Fault | None:
    """The first fault that a request meets; each counts it."""
    met = [fault for fault in faults if fault.strikes(method, key)]
    return met[0] if met else None
