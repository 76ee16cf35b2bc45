"""Storage that is reached through fsspec: its file systems, path objects over it, and what is at a path."""

from __future__ import annotations

import os
import posixpath
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from validator.storage.fetched import Fetcher
from validator.storage.identity import ABSENT, Identity, IdentityKind

_REMOTE = re.compile(r"\A[a-zA-Z][a-zA-Z0-9+.-]+://")
_CONNECTIONS = 1024
"""Of a client: how many are used is decided by who asks."""


def is_remote(path: str) -> bool:
    """Whether a path names storage that is reached through fsspec (`s3://...`)."""
    return _REMOTE.match(path) is not None


def locate(path: str) -> Path:
    """A path object for a local path, or the same interface over fsspec for a remote one. Raises ValueError where there
    is no such storage.
    """
    if not is_remote(path):
        return Path(path)
    from upath import UPath

    try:
        return UPath(path)  # type: ignore[return-value]  # the same interface
    except ValueError as error:
        raise ValueError(f"{path.partition('://')[0]}:// cannot be read: {error}.") from None


def look(path: str) -> Identity:
    """What is at a path in storage, asked alone. Raises OSError, a sentence, where the storage does not answer."""
    from validator.storage.any_files import identity_of

    system, inner = storage(path)
    try:
        info = system.info(inner)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        if not _unanswered(error.__cause__):
            return ABSENT
        raise OSError(f"{path[:200]} cannot be reached: {error.__cause__}") from None
    except Exception as error:  # storage libraries have errors of their own: refused, unreachable
        raise OSError(f"{path[:200]} cannot be reached: {type(error).__name__}: {error}") from None
    return identity_of(info)


def members(folder: str) -> list[tuple[str, IdentityKind]]:
    """What a listing says that lies in a folder in storage. Raises OSError, a sentence, where it says nothing."""
    system, inner = storage(folder)
    try:
        found = system.ls(inner, detail=True)
    except Exception as error:  # storage libraries have errors of their own
        raise OSError(f"{folder[:200]} cannot be listed: {type(error).__name__}: {error}") from None
    own = inner.rstrip("/")
    named = [(str(item["name"]).rstrip("/"), item.get("type")) for item in found]
    return [(posixpath.basename(name), "file" if kind == "file" else "folder") for name, kind in named if name != own]


def _unanswered(cause: BaseException | None) -> bool:
    """Whether a `not found` hides that the storage never said so: fsspec's HTTP raises it for every failure, a refused
    connection or a status of 503 too. Source: fsspec 2026.9.0 `implementations/http.py`, `_info`.
    """
    status = getattr(cause, "status", None)
    return type(cause).__module__.startswith("aiohttp") if status is None else status not in (404, 410)


def storage(path: str) -> tuple[Any, str]:
    """The fsspec file system of a remote path and the path within it. Raises ValueError, in one sentence for the user,
    where nothing that is installed reads such paths.
    """
    scheme, _, rest = path.partition("://")
    if scheme in ("http", "https"):
        rest = path
    return _system(scheme, os.getpid()), rest  # a connection belongs to its process


def fetcher_of(path: str) -> Fetcher:
    """Who asks the storage of a remote path. Raises ValueError as `storage` does."""
    return _fetcher(path.partition("://")[0], os.getpid())


@lru_cache(maxsize=64)
def _fetcher(scheme: str, process: int) -> Fetcher:
    system = _system(scheme, process)
    kinds = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
    if "http" in kinds and hasattr(system, "set_session"):
        from validator.storage.http_files import HttpFiles, OpenDoor

        return HttpFiles(OpenDoor(system))
    if "s3" in kinds and hasattr(system, "get_s3"):
        from validator.storage.s3_files import S3Files

        return S3Files(system)
    from validator.storage.any_files import AnyFiles

    return AnyFiles(system)


@lru_cache(maxsize=64)
def _system(scheme: str, process: int) -> Any:
    import fsspec

    try:
        return fsspec.filesystem(scheme, **_options(scheme))
    except ImportError as error:  # its words name the package
        raise ValueError(f"Nothing that is installed reads {scheme}://: {error}.") from None
    except Exception as error:  # no such protocol, or one that needs more than a path
        raise ValueError(f"{scheme}:// cannot be read: {error}.") from None


def _options(scheme: str) -> dict[str, Any]:
    """What a file system is made with besides what the user has configured, which comes first."""
    if scheme not in ("s3", "s3a"):
        return {}
    from fsspec.config import conf

    given = conf.get(scheme, {}).get("config_kwargs", {})
    return {"config_kwargs": {"max_pool_connections": _CONNECTIONS, "signature_version": "s3v4", **given}}
