"""The stand-in for a slow disk sees the calls of Python and of Pillow."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.slow_calls import can_be_slow, slow_calls

pytestmark = pytest.mark.skipif(not can_be_slow(), reason="it is compiled by gcc")
BEFORE = "import os; from pathlib import Path; from PIL import Image; Image.init()"
"""Imports look into the working folder."""


@pytest.mark.parametrize(
    ("code", "counts"),
    [
        ("os.stat('{}/a.png'); os.lstat('a.png'); os.path.exists('{}/none')", (0, 3, 0, 0)),
        ("f = os.open('a.png', os.O_RDONLY); os.fstat(f); os.read(f, 9); os.pread(f, 5, 1); os.close(f)", (1, 1, 2, 1)),
        ("d = os.open('.', os.O_RDONLY); os.stat('a.png', dir_fd=d); os.close(d)", (1, 1, 0, 1)),
        ("open('a.png', 'rb', buffering=0).close()", (1, 1, 0, 1)),
        ("os.listdir('{}')", (1, 0, 0, 0)),
        ("Path('{}/a.png').is_file()", (0, 1, 0, 0)),
        ("os.stat('{}/../b.png'); os.stat('/'); os.stat('{}-beside')", (0, 1, 0, 0)),
        ("open('/dev/null').read()", (0, 0, 0, 0)),
    ],
)
def test_what_python_calls(tmp_path, code, counts):
    assert tuple(counted(tmp_path, code).values()) == counts


def test_what_pillow_calls(tmp_path):
    found = counted(tmp_path, "Image.open('{}/a.png').load()")
    assert found["open"] == found["close"] == 1 and found["read"] >= 1


def counted(folder, code):
    inside = folder / "inside"
    inside.mkdir()
    Path(f"{inside}-beside").touch()
    Image.new("RGB", (30, 20)).save(inside / "a.png")
    Image.new("RGB", (30, 20)).save(folder / "b.png")
    text = f"{BEFORE}; os.chdir('{inside}'); {code.replace('{}', str(inside))}"
    with slow_calls(inside, 0.0001) as calls:
        subprocess.run([sys.executable, "-c", text], env={**os.environ, **calls.environment}, check=True)
        return calls.counts()
