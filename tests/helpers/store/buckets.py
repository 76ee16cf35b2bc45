"""What S3 says beside objects: lists of keys, and errors, in XML."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from urllib.parse import parse_qs, quote
from xml.sax.saxutils import escape

from tests.helpers.store.messages import Answer
from tests.helpers.store.objects import Object

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_CODES = {
    400: "ExpiredToken",
    403: "AccessDenied",
    404: "NoSuchKey",
    412: "PreconditionFailed",
    500: "InternalError",
    503: "SlowDown",
}


def refusal(status: int, key: str) -> Answer:
    """An error as S3 tells it."""
    code = _CODES.get(status, "Other")
    text = f"<Error><Code>{code}</Code><Message>{code}</Message><Key>{escape(key)}</Key></Error>"
    return Answer(status, {"Content-Type": "application/xml", "x-amz-request-id": "0"}, text.encode())


def listing(bucket: str, query: str, keys: Sequence[str], get: Callable[[str], Object | None]) -> Answer:
    """ListObjectsV2 of sorted keys, 1,000 a page at most; everything else that is asked of a bucket: that it exists."""
    asked = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
    if "location" in asked:
        return _xml(f'<LocationConstraint xmlns="{_NAMESPACE}"/>')
    prefix, delimiter = asked.get("prefix", ""), asked.get("delimiter", "")
    most = min(int(asked.get("max-keys", 1000)), 1000)
    place = bisect_left(keys, prefix)
    if after := asked.get("continuation-token", asked.get("start-after", "")):
        place = max(place, bisect_right(keys, after))
    items: list[str] = []
    last = ""
    while len(items) < most and place < len(keys) and keys[place].startswith(prefix):
        key = keys[place]
        folder, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
        if found:
            common = f"{prefix}{folder}{delimiter}"
            items.append(f"<CommonPrefixes><Prefix>{quote(common)}</Prefix></CommonPrefixes>")
            last = common + "\U0010ffff"
            place = bisect_right(keys, last)
        else:
            items.append(_contents(key, get(key)))
            last, place = key, place + 1
    more = place < len(keys) and keys[place].startswith(prefix)
    token = f"<NextContinuationToken>{escape(last)}</NextContinuationToken>" if more else ""
    return _xml(
        f'<ListBucketResult xmlns="{_NAMESPACE}"><Name>{bucket}</Name><Prefix>{quote(prefix)}</Prefix>'
        f"<EncodingType>url</EncodingType><KeyCount>{len(items)}</KeyCount><MaxKeys>{most}</MaxKeys>"
        f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{''.join(items)}</ListBucketResult>"
    )


def _contents(key: str, item: Object | None) -> str:
    assert item is not None
    changed = datetime.fromtimestamp(item.modified, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return (
        f"<Contents><Key>{quote(key)}</Key><LastModified>{changed}</LastModified><ETag>{escape(item.etag)}</ETag>"
        f"<Size>{len(item.data)}</Size><StorageClass>STANDARD</StorageClass></Contents>"
    )


def _xml(text: str) -> Answer:
    return Answer(200, {"Content-Type": "application/xml"}, f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode())
