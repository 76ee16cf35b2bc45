"""The process of a store: objects over HTTP/1.1 on this machine, and what S3 needs besides; late, counted and faulty.

    python -m tests.helpers.store.server FOLDER [--bucket NAME] [--delay SECONDS] [--pool FOLDER --names N]

Prints its port, and ends with its standard input. Beside the objects it answers, at once and uncounted: GET /-/counts,
and POST /-/faults with a list of faults in the place of those before, /-/delay with seconds, and /-/clear, which counts
from nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import struct
import sys
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tests.helpers.store.buckets import listing, refusal
from tests.helpers.store.faults import Fault, struck
from tests.helpers.store.messages import Answer, Request, answer_of, head_of, read_request
from tests.helpers.store.objects import Objects

_CONTROL = "/-/"
_DRIP = 0.05
"""Seconds between drops."""


class Server:
    """Objects, below a bucket's name where there is one, after `delay` seconds each."""

    def __init__(self, objects: Objects, bucket: str | None, delay: float) -> None:
        self._objects, self._bucket, self._delay = objects, bucket, delay
        self._faults: list[Fault] = []
        self._clear()

    def _clear(self) -> None:
        self._requests: Counter[tuple[str, str]] = Counter()
        self._open = self._peak = self._sent = self._flying = self._peak_bytes = self._connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what comes over one connection."""
        asked = False
        with suppress(ConnectionError):
            while (request := await read_request(reader)) is not None:
                if request.path.startswith(_CONTROL):
                    answer = self._control(request)
                    writer.write(head_of(answer) + answer.body)
                    continue
                self._connections, asked = self._connections + (not asked), True
                if not await self._serve(request, reader, writer):
                    break
        with suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    def _control(self, request: Request) -> Answer:
        what = request.path.removeprefix(_CONTROL)
        if what == "faults":
            self._faults = [Fault(**item) for item in json.loads(request.body)]
        elif what == "delay":
            self._delay = float(request.body)
        elif what == "clear":
            self._clear()
        return Answer(200, {"Content-Type": "application/json"}, json.dumps(self._counts()).encode())

    def _counts(self) -> dict[str, object]:
        return {
            "requests": [[method, key, number] for (method, key), number in self._requests.items()],
            "peak_requests": self._peak,
            "peak_bytes": self._peak_bytes,
            "sent": self._sent,
            "connections": self._connections,
        }

    async def _serve(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer a request of an object; whether the connection goes on."""
        key = request.path.lstrip("/")
        if self._bucket is not None:
            key = key.removeprefix(self._bucket).removeprefix("/")
        self._requests[request.method, key or f"?{request.query}"] += 1
        fault = struck(self._faults, request.method, key)
        answer = self._answer(request, key, fault)
        flying = len(answer.body) if request.method == "GET" else 0
        self._open, self._flying = self._open + 1, self._flying + flying
        self._peak, self._peak_bytes = max(self._peak, self._open), max(self._peak_bytes, self._flying)
        try:
            if self._delay:
                await asyncio.sleep(self._delay)
            if fault is not None and fault.kind == "hang":
                await reader.read()  # until the other side gives up
                return False
            return await self._send(request, answer, fault, writer)
        finally:
            self._open, self._flying = self._open - 1, self._flying - flying

    def _answer(self, request: Request, key: str, fault: Fault | None) -> Answer:
        if fault is not None and fault.kind == "status":
            return self._refusal(int(fault.value), key)
        if request.method not in ("GET", "HEAD"):
            return self._refusal(405, key)
        if not key and self._bucket is not None:
            return listing(self._bucket, request.query, self._objects.keys(), self._objects.get)
        item = self._objects.get(str(fault.value) if fault is not None and fault.kind == "replace" else key)
        if item is None:
            return self._refusal(404, key)
        answer = answer_of(item, request)
        if answer.status >= 400:
            return self._refusal(answer.status, key)
        if fault is not None and fault.kind == "wrong-total" and "Content-Range" in answer.headers:
            told, _, total = answer.headers["Content-Range"].partition("/")
            answer.headers["Content-Range"] = f"{told}/{int(total) + 1000}"
        return answer

    def _refusal(self, status: int, key: str) -> Answer:
        return refusal(status, key) if self._bucket is not None else Answer(status, {})

    async def _send(self, request: Request, answer: Answer, fault: Fault | None, writer: asyncio.StreamWriter) -> bool:
        body = b"" if request.method == "HEAD" or answer.status == 304 else answer.body
        kind = fault.kind if fault is not None else None
        broken = kind in ("reset", "short")
        if broken:
            body = body[: len(body) // 2]
        writer.write(head_of(answer))
        pace = max(int(int(fault.value) * _DRIP), 1) if fault is not None and kind == "drip" else max(len(body), 1)
        for place in range(0, len(body), pace):
            writer.write(body[place : place + pace])
            await writer.drain()
            if kind == "drip":
                await asyncio.sleep(_DRIP)
        self._sent += len(body)
        if kind == "reset":
            await asyncio.sleep(_DRIP)  # the half arrives before the reset overtakes it
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        await writer.drain()
        return not broken


async def _run(given: argparse.Namespace) -> None:
    server = Server(Objects(given.folder, given.pool, given.names), given.bucket, given.delay)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=1024)
    threading.Thread(target=_end_with_input, daemon=True).start()
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


def _end_with_input() -> None:
    """No store outlives whoever started it, however that ended."""
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bucket", help="answer as S3 does, below this name")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--pool", type=Path, help="a folder of files that are served under many names")
    parser.add_argument("--names", type=int, default=0, help="how many")
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
