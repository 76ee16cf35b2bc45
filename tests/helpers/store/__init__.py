"""A store of objects on this machine: a process of its own that is late, counts and does wrong what it is told to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.request import Request, urlopen

from tests.helpers.store.faults import Fault

__all__ = ["Counts", "Fault", "Store"]
_ROOT = Path(__file__).resolve().parents[3]
_KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True, slots=True)
class Counts:
    """What a store has answered: requests by method and key, the most of them at a time and the bytes of their bodies
    together, bytes that were sent, connections that were made.
    """

    requests: Counter[tuple[str, str]]
    peak_requests: int
    peak_bytes: int
    sent: int
    connections: int

    def total(self, begin: str = "") -> int:
        """Requests of keys that begin so."""
        return sum(number for (_, key), number in self.requests.items() if key.startswith(begin))


class Store:
    """Serves a folder while its block runs; with a bucket's name as S3 does. The rest as in `server`."""

    def __init__(
        self, folder: Path, *, bucket: str | None = None, delay: float = 0, pool: Path | None = None, names: int = 0
    ) -> None:
        self._bucket = bucket
        command = [sys.executable, "-m", f"{__name__}.server", ".", "--delay", str(delay)]
        command += ["--bucket", bucket] if bucket is not None else []
        command += ["--pool", str(pool.resolve()), "--names", str(names)] if pool is not None else []
        # In the folder, so that its path does not stand in the process list, where tests look for what is left; in a
        # session of its own, so that what interrupts a command at the terminal leaves the store.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.terminate()
        self._process.communicate()

    @property
    def root(self) -> str:
        """The address of the folder."""
        return f"s3://{self._bucket}" if self._bucket is not None else f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a command that reads it."""
        return {**os.environ, **_KEYS, "FSSPEC_S3_ENDPOINT_URL": f"http://127.0.0.1:{self.port}"}

    def fail(self, *faults: Fault) -> None:
        """Do these things wrong from now on, and no others."""
        self._tell("faults", [asdict(fault) for fault in faults])

    def delay(self, seconds: float) -> None:
        """Answer so late from now on."""
        self._tell("delay", seconds)

    def clear(self) -> None:
        """Count from nothing."""
        self._tell("clear", None)

    def counts(self) -> Counts:
        """What was answered so far."""
        told = self._tell("counts", None)
        requests = Counter({(method, key): number for method, key, number in told.pop("requests")})
        return Counts(requests=requests, **told)

    def _tell(self, what: str, value: Sequence[Any] | float | None) -> dict[str, Any]:
        request = Request(f"http://127.0.0.1:{self.port}/-/{what}", json.dumps(value).encode(), method="POST")
        with urlopen(request, timeout=60) as answer:
            told: dict[str, Any] = json.load(answer)
        return told
