"""Files of any other storage that fsspec reads: what is there is asked before and after the bytes."""

from __future__ import annotations

import asyncio
from typing import Any

from validator.storage import retry
from validator.storage.fetched import NOTHING, Fetched, Room, Want
from validator.storage.identity import ABSENT, Identity, version_of
from validator.storage.retry import TemporaryError

_MARKS = ("ETag", "etag", "mtime", "LastModified", "last_modified", "generation", "created")


class AnyFiles:
    """Asks by coroutines where the file system has them, otherwise by threads."""

    def __init__(self, system: Any) -> None:
        self._system = system

    async def look(self, path: str) -> Identity:
        """See `Fetcher`."""
        try:
            info = await self._call("info", path)
        except (FileNotFoundError, NotADirectoryError):
            return ABSENT
        return identity_of(info)

    async def fetch(self, path: str, want: Want, room: Room) -> Fetched:
        """See `Fetcher`."""
        identity = await self.look(path)
        length = want.length_of(identity.size)
        if want == NOTHING or identity.kind != "file" or length > want.most:
            return Fetched(identity)
        await room(length)
        data = await self._call("cat_file", path, start=want.first, end=want.first + length, length=length)
        if await self.look(path) != identity or len(data) != length:
            raise TemporaryError("the file changes while it is read")
        return Fetched(identity, data)

    async def _call(self, name: str, path: str, length: int = 0, **options: Any) -> Any:
        inner = path.partition("://")[2]
        try:
            if getattr(self._system, "async_impl", False):
                call = getattr(self._system, f"_{name}")(inner, **options)
            else:
                call = asyncio.to_thread(getattr(self._system, name), inner, **options)
            return await asyncio.wait_for(call, retry.time_for(length))
        except asyncio.TimeoutError:
            raise TemporaryError(f"no answer within {retry.SILENCE:g} seconds") from None
        except (FileNotFoundError, NotADirectoryError):
            if name == "info":
                raise
            raise TemporaryError("the file changes while it is read") from None
        except (PermissionError, NotImplementedError, ValueError, TypeError) as error:
            raise OSError(f"{path[:200]} cannot be read: {type(error).__name__}: {error}") from None
        except Exception as error:  # storage libraries have errors of their own: refused, unreachable
            raise TemporaryError(f"{type(error).__name__}: {error}") from None


def identity_of(info: dict[str, Any]) -> Identity:
    """What fsspec's `info` says that a path is."""
    if info.get("type") != "file":
        return Identity("folder")
    return Identity("file", int(info.get("size") or 0), version_of(info[name] for name in _MARKS if info.get(name)))
