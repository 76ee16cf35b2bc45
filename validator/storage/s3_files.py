"""Files behind s3://, one GetObject each: size and version come with the bytes."""

from __future__ import annotations

import asyncio
from typing import Any

from validator.storage import retry
from validator.storage.fetched import NOTHING, Fetched, Room, Want
from validator.storage.identity import ABSENT, Identity, version_of
from validator.storage.retry import TemporaryError

_PASSING = frozenset(("SlowDown", "RequestTimeout", "RequestTimeTooSkewed", "InternalError", "ServiceUnavailable"))


class S3Files:
    """Asks by the client of s3fs, so that what the user has configured for it holds."""

    def __init__(self, system: Any) -> None:
        self._system = system

    async def look(self, path: str) -> Identity:
        """See `Fetcher`."""
        answer = await self._ask("head_object", path, {})
        return ABSENT if answer is None else _identity(answer)

    async def fetch(self, path: str, want: Want, room: Room) -> Fetched:
        """See `Fetcher`."""
        if want == NOTHING:
            return Fetched(await self.look(path))
        ranged = want.first > 0 or want.last is not None
        last = "" if want.last is None else want.last - 1
        answer = await self._ask("get_object", path, {"Range": f"bytes={want.first}-{last}"} if ranged else {})
        if answer is None:
            return Fetched(ABSENT)
        body = answer.get("Body")
        if body is None:  # nothing of an empty file lies in a range
            return Fetched(await self.look(path), b"")
        try:
            identity = _identity(answer)
            length = want.length_of(identity.size)
            if length > want.most:
                return Fetched(identity)
            await room(length)
            try:
                data = await asyncio.wait_for(body.read(), retry.time_for(length))
            except asyncio.TimeoutError:
                raise TemporaryError(
                    f"{length:,} bytes did not come within {retry.time_for(length):g} seconds"
                ) from None
            except Exception as error:  # of aiohttp and of botocore
                raise TemporaryError(f"{type(error).__name__}: {error}") from None
        finally:
            body.close()
        if len(data) != length:
            raise TemporaryError(f"{len(data):,} of {length:,} bytes came")
        return Fetched(identity, data)

    async def _ask(self, call: str, path: str, more: dict[str, str]) -> dict[str, Any] | None:
        """The answer, None where there is no such object. Of a range of an empty object, an answer without body."""
        from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

        system = self._system
        bucket, key, version = system.split_path(path)
        named = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}
        try:
            await system.set_session()
            client = await system.get_s3(bucket)
            answer: dict[str, Any] = await getattr(client, call)(**named, **system.req_kw, **more)
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
