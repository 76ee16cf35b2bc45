"""Files behind s3://, one request each: size and version come with the bytes.

They are asked for by addresses that the client of s3fs signs, which takes a third of the processor time of its own
requests. Where such an address is refused, the client itself is asked: what it says counts.
"""

from __future__ import annotations

import asyncio
import weakref
from contextlib import suppress
from typing import Any

from validator.storage import retry
from validator.storage.fetched import NOTHING, Fetched, Room, Want, at_once
from validator.storage.http_files import DeniedError, HttpFiles
from validator.storage.identity import ABSENT, Identity, version_of
from validator.storage.retry import TemporaryError

_PASSING = frozenset(("SlowDown", "RequestTimeout", "RequestTimeTooSkewed", "InternalError", "ServiceUnavailable"))
_VALID = 3600
"""Seconds that an address is good for."""


class SignedDoor:
    """By addresses that are signed for one object and method."""

    def __init__(self, system: Any) -> None:
        self._system = system
        self._session: Any = None

    async def session(self) -> Any:
        """See `Door`."""
        if self._session is None:
            import aiohttp

            connector = aiohttp.TCPConnector(limit=0)  # how many are used is decided by who asks
            self._session = aiohttp.ClientSession(connector=connector, trust_env=True, auto_decompress=False)
            weakref.finalize(self, _close, asyncio.get_running_loop(), self._session)  # else it complains at the end
        return self._session

    async def address(self, method: str, path: str) -> Any:
        """See `Door`."""
        import yarl

        system = self._system
        bucket, key, version = system.split_path(path)
        call = {"GET": "get_object", "HEAD": "head_object"}[method]
        named = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {}), **system.req_kw}
        try:
            await system.set_session()
            client = await system.get_s3(bucket)
            return yarl.URL(await client.generate_presigned_url(call, Params=named, ExpiresIn=_VALID), encoded=True)
        except Exception as error:  # no credentials, no region: the client says so in its own words
            raise DeniedError(f"{path[:200]} cannot be signed: {error}") from None

    @property
    def options(self) -> dict[str, Any]:
        """See `Door`."""
        return {"allow_redirects": False}


class S3Files:
    """The fetcher of objects. `by_client`: buckets whose signed addresses are refused."""

    def __init__(self, system: Any) -> None:
        self._system = system
        self._signed = HttpFiles(SignedDoor(system))
        self._client = _Client(system)
        self._by_client: set[str] = set()

    async def look(self, path: str) -> Identity:
        """See `Fetcher`."""
        return (await self.fetch(path, NOTHING, at_once)).identity

    async def fetch(self, path: str, want: Want, room: Room) -> Fetched:
        """See `Fetcher`."""
        bucket = self._system.split_path(path)[0]
        if bucket not in self._by_client and not self._system.s3_additional_kwargs:
            try:
                return await self._signed.fetch(path, want, room)
            except DeniedError:
                fetched = await self._client.fetch(path, want, room)
                self._by_client.add(bucket)
                return fetched
        return await self._client.fetch(path, want, room)


class _Client:
    """Asks by the client of s3fs, so that what the user has configured for it holds."""

    def __init__(self, system: Any) -> None:
        self._system = system

    async def fetch(self, path: str, want: Want, room: Room) -> Fetched:
        if want == NOTHING:
            found = await self._ask("head_object", path, {})
            return Fetched(ABSENT if found is None else _identity(found))
        answer = await self._ask("get_object", path, want.header)
        if answer is None:
            return Fetched(ABSENT)
        body = answer.get("Body")
        if body is None:  # nothing of an empty file lies in a range
            return (await self.fetch(path, NOTHING, room))._replace(data=b"")
        try:
            identity = _identity(answer)
            length = want.length_of(identity.size)
            if length > want.most:
                return Fetched(identity)
            await room(length)
            try:
                data = await asyncio.wait_for(body.read(), retry.time_for(length))
            except asyncio.TimeoutError:
                raise TemporaryError(f"{length:,} bytes did not come in {retry.time_for(length):g} seconds") from None
            except Exception as error:  # of aiohttp and of botocore
                raise TemporaryError(f"{type(error).__name__}: {error}") from None
        finally:
            body.close()
        if len(data) != length:
            raise TemporaryError(f"the answer ended after {len(data):,} of {length:,} bytes")
        return Fetched(identity, data)

    async def _ask(self, call: str, path: str, more: dict[str, str]) -> dict[str, Any] | None:
        """The answer, None where there is no such object. Of a range of an empty object, an answer without body."""
        from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

        system = self._system
        bucket, key, version = system.split_path(path)
        named = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {}), **more}
        try:
            await system.set_session()
            method = getattr(await system.get_s3(bucket), call)
            answer: dict[str, Any] = await method(**system._get_s3_method_kwargs(method, named))
        except ClientError as error:
            said = error.response.get("Error", {})
            code, status = str(said.get("Code")), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if code in ("NoSuchKey", "NoSuchBucket") or status == 404:
                return None
            if status == 416:
                return {}
            words = f"the storage answers {status} {code}: {said.get('Message', '')}".rstrip(": ")
            if status >= 500 or status == 429 or code in _PASSING or "Throttl" in code:
                raise TemporaryError(words) from None
            raise OSError(f"{path[:200]} cannot be read: {words}") from None
        except (HTTPClientError, ConnectionError, OSError) as error:
            raise TemporaryError(f"{type(error).__name__}: {error}") from None
        except BotoCoreError as error:  # no credentials, no region
            raise OSError(f"{path[:200]} cannot be read: {type(error).__name__}: {error}") from None
        return answer


def _identity(answer: dict[str, Any]) -> Identity:
    told = str(answer.get("ContentRange", "")).rpartition("/")[2]
    size = int(told) if told.isdigit() else int(answer["ContentLength"])
    return Identity("file", size, version_of([answer.get("ETag") or answer.get("LastModified")]))


def _close(loop: asyncio.AbstractEventLoop, session: Any) -> None:
    with suppress(Exception):
        asyncio.run_coroutine_threadsafe(session.close(), loop).result(1)
