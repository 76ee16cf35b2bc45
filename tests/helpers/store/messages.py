"""HTTP/1.1 as a store speaks it: requests read, heads of answers written, ranges and conditions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from tests.helpers.store.objects import Object


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` have names in lower case; `path` is decoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Answer:
    """`length` of the body is told whether it is sent or not (HEAD)."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection; None at its end."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head[:-4].split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    parts = urlsplit(target)
    return Request(method, unquote(parts.path), parts.query, headers, body)


def head_of(answer: Answer) -> bytes:
    """Status line and headers. The length is that of the body, also where it is not sent."""
    reason = HTTPStatus(answer.status).phrase
    headers = answer.headers if answer.status == 304 else {"Content-Length": str(len(answer.body)), **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def answer_of(item: Object, request: Request) -> Answer:
    """The answer to a request of an object that is there: whole, a range of it, or that it has not changed."""
    headers = {
        "ETag": item.etag,
        "Last-Modified": formatdate(item.modified, usegmt=True),
        "Accept-Ranges": "bytes",
        "Content-Type": "application/octet-stream",
    }
    if request.headers.get("if-match", item.etag) != item.etag:
        return Answer(412, headers)
    if request.headers.get("if-none-match") == item.etag:
        return Answer(304, headers)
    asked = request.headers.get("range", "")
    if not asked.startswith("bytes=") or request.method == "HEAD":
        return Answer(200, headers, item.data)
    total = len(item.data)
    first, _, last = asked.removeprefix("bytes=").partition("-")
    start = int(first) if first else max(total - int(last), 0)
    stop = min(int(last) + 1, total) if first and last else total
    if start >= total:
        return Answer(416, {**headers, "Content-Range": f"bytes */{total}"})
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{total}"
    return Answer(206, headers, item.data[start:stop])
