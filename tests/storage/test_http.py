"""What servers say of a file, each in its own way: the same bytes and the same size of all of them."""

import asyncio
import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import fsspec
import pytest

from validator.storage import http_files
from validator.storage.ahead import remote_loop
from validator.storage.fetched import NOTHING, Want
from validator.storage.http_files import HttpFiles, OpenDoor
from validator.storage.identity import ABSENT
from validator.storage.retry import TemporaryError

DATA = bytes(number % 251 for number in range(10_000))
TAG = {"ETag": '"one"'}


def plain(handler):
    return 200, {**TAG, "Content-Length": len(DATA)}, DATA


def ranged(handler):
    span = handler.headers.get("Range")
    if span is None:
        return plain(handler)
    first, last = span.removeprefix("bytes=").split("-")
    first, last = int(first), min(int(last or len(DATA) - 1), len(DATA) - 1)
    told = {"Content-Length": last + 1 - first, "Content-Range": f"bytes {first}-{last}/{len(DATA)}"}
    return 206, {**TAG, **told}, DATA[first : last + 1]


def of_unknown_total(handler):
    status, headers, data = ranged(handler)
    return status, {**headers, **({"Content-Range": "bytes 0-9/*"} if status == 206 else {})}, data


def of_another_place(handler):
    status, headers, data = ranged(handler)
    return status, {**headers, **({"Content-Range": f"bytes 5-9/{len(DATA)}"} if status == 206 else {})}, data


def untold(handler):
    return 200, TAG, DATA


def packed(handler):
    data = gzip.compress(DATA)
    return 200, {**TAG, "Content-Encoding": "gzip", "Content-Length": len(data)}, data


def moved(handler):
    if handler.path != "/there":
        return 302, {"Location": "/there"}, b""
    return ranged(handler)


def nothing_but_get(handler):
    return (405, {}, b"") if handler.command == "HEAD" else ranged(handler)


@pytest.fixture
def fetch():
    """Fetch from a server that answers as told."""
    answers = {}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            status, headers, data = answers["how"](self)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    async def at_once(_):
        pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def call(how, want):
            answers["how"] = how
            fetching = HttpFiles(OpenDoor(fsspec.filesystem("http"))).fetch(
                f"http://127.0.0.1:{server.server_port}/a", want, at_once
            )
            return asyncio.run_coroutine_threadsafe(fetching, remote_loop()).result()

        yield call
        server.shutdown()


WANTS = {
    "all": (Want(), DATA),
    "the beginning": (Want(0, 100), DATA[:100]),
    "a part": (Want(50, 200), DATA[50:200]),
    "beyond the end": (Want(0, 1 << 20), DATA),
}


@pytest.mark.parametrize("want", WANTS)
@pytest.mark.parametrize(
    "how", [plain, ranged, moved, nothing_but_get, of_unknown_total, of_another_place, untold, packed]
)
def test_the_wanted_bytes(fetch, how, want):
    wanted, bytes_of_it = WANTS[want]
    found = fetch(how, wanted)
    assert found.identity.kind == "file" and found.identity.size == len(DATA)
    assert found.data in (bytes_of_it, DATA)  # all, where the range is not known
    assert found.data == bytes_of_it or how in (of_unknown_total, of_another_place, untold, packed)


@pytest.mark.parametrize("how", [plain, ranged, moved, nothing_but_get, untold, packed])
def test_a_look_says_the_same_as_a_request_for_bytes(fetch, how):
    assert fetch(how, NOTHING).identity == fetch(how, Want()).identity


def test_a_version_is_told_from_another(fetch):
    def other(handler):
        return 200, {"ETag": '"two"', "Content-Length": len(DATA)}, DATA

    assert fetch(plain, Want()).identity != fetch(other, Want()).identity


def answer(status, data=b"", **headers):
    return lambda handler: (status, {"Content-Length": len(data), **headers}, data)


def test_an_empty_file(fetch):
    for how in (answer(200), answer(416, **{"Content-Range": "bytes */0"})):
        found = fetch(how, Want(0, 100))
        assert found.identity[:2] == ("file", 0) and found.data == b""


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_there(fetch, status):
    assert fetch(answer(status), Want()).identity == ABSENT == fetch(answer(status), NOTHING).identity


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass(fetch, status):
    with pytest.raises(TemporaryError, match=f"the storage answers {status}") as told:
        fetch(answer(status, **{"Retry-After": "7"}), Want())
    assert told.value.after == 7


@pytest.mark.parametrize("status", [400, 401, 403, 418])
def test_what_will_not_pass_names_the_address(fetch, status):
    with pytest.raises(OSError, match=rf"http://127.0.0.1:\d+/a cannot be read: the storage answers {status}"):
        fetch(answer(status), Want())


def test_a_larger_file_than_is_wanted_is_not_read(fetch):
    found = fetch(plain, Want(most=9_999))
    assert found.data is None and found.identity.size == len(DATA)


def test_a_file_of_unknown_length_is_not_read_for_ever(fetch, monkeypatch):
    monkeypatch.setattr(http_files, "UNTOLD", 9_999)
    with pytest.raises(OSError, match="does not say how long it is"):
        fetch(untold, Want())
