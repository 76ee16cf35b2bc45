"""Files behind http(s)://, one request each: size and version come with the bytes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from validator.storage import retry
from validator.storage.fetched import NOTHING, Fetched, Room, Want, at_once
from validator.storage.identity import ABSENT, Identity, version_of
from validator.storage.retry import TemporaryError

UNTOLD = 64 << 20
"""Bytes that are read at most of a file of which the storage does not tell the size."""
_VERSIONS = ("ETag", "Content-MD5", "Digest", "Last-Modified")
_RANGE = re.compile(r"bytes (\d{1,20})-")
_GONE = frozenset((404, 410))
_PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))


class DeniedError(OSError):
    """An answer that is neither the file nor that there is none, and will not pass. The message is a sentence."""


class Door(Protocol):
    """How files are asked for by HTTP."""

    async def session(self) -> Any:
        """The session of aiohttp."""
        ...

    async def address(self, method: str, path: str) -> Any:
        """The address of a file for a method."""
        ...

    @property
    def options(self) -> dict[str, Any]:
        """Options of each request."""
        ...


class OpenDoor:
    """By the session of fsspec's HTTP file system, so that what the user has configured for it holds."""

    def __init__(self, system: Any) -> None:
        self._system = system

    async def session(self) -> Any:
        """See `Door`."""
        return await self._system.set_session()

    async def address(self, method: str, path: str) -> Any:
        """See `Door`."""
        return self._system.encode_url(path)

    @property
    def options(self) -> dict[str, Any]:
        """See `Door`."""
        return {"allow_redirects": True, **self._system.kwargs}


class HttpFiles:
    """Files that are asked for by HTTP through a door."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def look(self, path: str) -> Identity:
        """See `Fetcher`."""
        async with self._answer("HEAD", path, {}) as answer:
            if answer.status in (405, 501):  # it answers nothing but GET
                return (await self.fetch(path, Want(0, 1), at_once)).identity
            if answer.status == 200 and _size(answer) is None:
                return (await self.fetch(path, Want(), at_once)).identity
            return _identity(answer, path)

    async def fetch(self, path: str, want: Want, room: Room) -> Fetched:
        """See `Fetcher`."""
        if want == NOTHING:
            return Fetched(await self.look(path))
        async with self._answer("GET", path, want.header) as answer:
            identity, size = _identity(answer, path), _size(answer)
            if identity.kind != "file" or answer.status == 416:
                return Fetched(identity, b"" if identity.kind == "file" else None)
            length = UNTOLD if size is None else want.length_of(size)
            if size is not None and length > want.most:
                answer.close()
                return Fetched(identity)
            if answer.status == 206 and (size is None or not _begins_at(answer, want.first)):
                answer.close()
                return await self.fetch(path, Want(), room)
            await room(length)
            if size is None:
                return _untold(path, identity, await self._body(answer, UNTOLD + 1))
            begin = want.first if answer.status == 200 else 0  # the whole file, whatever range was asked for
            data = (await self._body(answer, begin + length))[begin:]
            if len(data) != length:
                raise TemporaryError(f"the answer ended after {len(data):,} of {length:,} bytes")
            return Fetched(identity, data)

    async def _body(self, answer: Any, number: int) -> bytes:
        """The first bytes of an answer, which ends there if more would come."""
        try:
            return await asyncio.wait_for(_first_bytes(answer, number), retry.time_for(number))
        finally:
            if not answer.content.at_eof():
                answer.close()

    @asynccontextmanager
    async def _answer(self, method: str, path: str, headers: dict[str, str]) -> AsyncIterator[Any]:
        import aiohttp

        session, address = await self._door.session(), await self._door.address(method, path)
        given = self._door.options
        given["headers"] = {**given.get("headers", {}), "Accept-Encoding": "identity", **headers}
        given["timeout"] = aiohttp.ClientTimeout(total=None, sock_connect=retry.SILENCE, sock_read=retry.SILENCE)
        try:
            async with session.request(method, address, **given) as answer:
                yield answer
        except asyncio.TimeoutError:
            raise TemporaryError(f"no answer within {retry.SILENCE:g} seconds") from None
        except (aiohttp.InvalidURL, aiohttp.TooManyRedirects, aiohttp.ClientSSLError) as error:
            raise DeniedError(f"{path[:200]} cannot be read: {type(error).__name__}: {error}") from None
        except (aiohttp.ClientError, ConnectionError) as error:
            raise TemporaryError(f"{type(error).__name__}: {error}") from None


def _identity(answer: Any, path: str) -> Identity:
    """What an answer says that the file is, whole. Raises TemporaryError and OSError."""
    status, headers = answer.status, answer.headers
    if status in _GONE:
        return ABSENT
    if status in _PASSING:
        after = headers.get("Retry-After", "")
        raise TemporaryError(f"the storage answers {status} {answer.reason}", float(after) if after.isdigit() else 0)
    if status not in (200, 206, 416):
        raise DeniedError(f"{path[:200]} cannot be read: the storage answers {status} {answer.reason}")
    version = next((headers[name] for name in _VERSIONS if headers.get(name)), "")
    return Identity("file", _size(answer) or 0, version_of([version]))


def _size(answer: Any) -> int | None:
    """Bytes of the whole file, None where the storage does not tell, or tells those of a packed transfer."""
    headers = answer.headers
    if headers.get("Content-Encoding", "identity") not in ("identity", ""):
        return None
    ranged = answer.status != 200
    told = headers.get("Content-Range", "").rpartition("/")[2] if ranged else headers.get("Content-Length", "")
    return int(told) if told.isdigit() else None


def _untold(path: str, identity: Identity, data: bytes) -> Fetched:
    """A file of which the storage does not tell the size: all of it was read."""
    if len(data) > UNTOLD:
        limit = f"{UNTOLD >> 20} MiB"
        raise OSError(f"{path[:200]} cannot be read: the storage does not say how long it is, and it is over {limit}")
    return Fetched(Identity("file", len(data), identity.stamp), data)


async def _first_bytes(answer: Any, number: int) -> bytes:
    pieces = []
    while number > 0 and (piece := await answer.content.read(number)):
        pieces.append(piece)
        number -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _begins_at(answer: Any, first: int) -> bool:
    told = _RANGE.match(answer.headers.get("Content-Range", ""))
    return told is not None and int(told[1]) == first
