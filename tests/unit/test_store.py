"""The store that tests read from does what it is told, as HTTP and S3 have it."""

import http.client
import os

import pytest
import s3fs

from tests.helpers.store import Fault, Store
from tests.helpers.store.objects import pool_name

DATA = bytes(range(100))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("store")
    (made / "a").write_bytes(DATA)
    (made / "b").write_bytes(b"another")
    return made


@pytest.fixture(scope="module")
def running(folder):
    with Store(folder) as store:
        yield store


@pytest.fixture
def store(running):
    running.fail()
    running.clear()
    return running


def ask(store, method="GET", key="a", **headers):
    """Status, headers and body; in the place of the body the error at which it broke off."""
    connection = http.client.HTTPConnection("127.0.0.1", store.port, timeout=0.3)
    try:
        connection.request(method, f"/{key}", headers={name.replace("_", "-"): text for name, text in headers.items()})
        answer = connection.getresponse()
        try:
            return answer.status, answer.headers, answer.read()
        except (http.client.IncompleteRead, ConnectionResetError) as error:
            return answer.status, answer.headers, type(error)
    except TimeoutError:
        return None
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "headers", "status", "told", "body"),
    [
        ("GET", {}, 200, None, DATA),
        ("HEAD", {}, 200, None, b""),
        ("GET", {"Range": "bytes=10-19"}, 206, "bytes 10-19/100", DATA[10:20]),
        ("GET", {"Range": "bytes=90-999"}, 206, "bytes 90-99/100", DATA[90:]),
        ("GET", {"Range": "bytes=90-"}, 206, "bytes 90-99/100", DATA[90:]),
        ("GET", {"Range": "bytes=-5"}, 206, "bytes 95-99/100", DATA[95:]),
        ("GET", {"Range": "bytes=100-"}, 416, None, b""),
        ("GET", {"If_Match": '"other"'}, 412, None, b""),
        ("GET", {"If_None_Match": '"other"'}, 200, None, DATA),
    ],
)
def test_answers(store, method, headers, status, told, body):
    found, heads, content = ask(store, method, **headers)
    assert (found, heads["Content-Range"], content) == (status, told, body)
    assert status >= 400 or int(heads["Content-Length"]) == (len(DATA) if method == "HEAD" else len(body))


def test_an_object_that_has_not_changed(store):
    _, headers, _ = ask(store)
    assert headers["ETag"] and headers["Last-Modified"]
    assert ask(store, If_None_Match=headers["ETag"])[0] == 304
    assert ask(store, "HEAD", "none")[0] == ask(store, key="../store/a")[0] == 404


@pytest.mark.parametrize(
    ("fault", "answers"),
    [
        (Fault("a", "status", 503, count=2), [503, 503, DATA]),
        (Fault("*", "status", 403, after=1), [DATA, 403, 403]),
        (Fault("a", "replace", "b", after=1), [DATA, b"another", b"another"]),
        (Fault("a", "hang", count=1), [None, DATA]),
        (Fault("a", "reset", count=1), [ConnectionResetError, DATA]),
        (Fault("a", "short", count=1), [http.client.IncompleteRead, DATA]),
        (Fault("a", "drip", 1000, count=1), [DATA, DATA]),
        (Fault("b", "status", 503), [DATA]),
    ],
)
def test_faults(store, fault, answers):
    store.fail(fault)
    for wanted in answers:
        found = ask(store)
        assert (found and (found[0] if found[0] >= 400 else found[2])) == wanted


def test_a_wrong_total(store):
    store.fail(Fault("a", "wrong-total"))
    assert ask(store, Range="bytes=0-9")[1]["Content-Range"] == "bytes 0-9/1100"


def test_counts(store):
    ask(store)
    ask(store, Range="bytes=0-9")
    ask(store, "HEAD", "none")
    counts = store.counts()
    assert dict(counts.requests) == {("GET", "a"): 2, ("HEAD", "none"): 1}
    assert (counts.total(), counts.total("a"), counts.peak_requests) == (3, 2, 1)
    assert (counts.peak_bytes, counts.sent, counts.connections) == (100, 110, 3)


@pytest.mark.proof
def test_a_bucket(folder, monkeypatch):
    """With a client of S3: 2,500 names, three pages."""
    with Store(folder, bucket="bucket", pool=folder, names=2500) as store:
        for name, value in store.environment.items():
            if name not in os.environ:
                monkeypatch.setenv(name, value)
        endpoint = f"http://127.0.0.1:{store.port}"
        system = s3fs.S3FileSystem(endpoint_url=endpoint, skip_instance_cache=True, use_listings_cache=False)
        names = [f"bucket/{pool_name(number)}" for number in range(2500)]
        assert system.find("bucket") == ["bucket/a", "bucket/b", *names]
        assert system.ls("bucket/images", detail=False) == [f"bucket/images/0000{n}" for n in range(3)]
        assert system.info("bucket/a")["size"] == 100 and system.info("bucket/images")["type"] == "directory"
        assert [system.cat_file(name) for name in names[:3]] == [DATA, b"another", DATA]
        assert system.cat_file("bucket/a", start=10, end=20) == DATA[10:20] and system.exists("bucket")
        store.fail(Fault("a", "status", 403))
        with pytest.raises(FileNotFoundError):
            system.info("bucket/none")
        with pytest.raises(PermissionError):
            system.cat_file("bucket/a")
