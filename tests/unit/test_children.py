"""Modules that are run in a child process."""

import os
import signal
import subprocess
import sys

from validator.children import command

WAITS = """import signal, time
print(*(int(signal.getsignal(number) is signal.SIG_IGN) for number in (2, 15)), flush=True)
time.sleep(60)
"""


def test_nothing_is_imported_from_the_working_folder(tmp_path):
    for name in ("planted", "av", "ctypes"):
        (tmp_path / f"{name}.py").write_text("from pathlib import Path\nPath('ran').touch()")
    done = subprocess.run(command("planted"), cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "No module named planted" in done.stderr
    subprocess.run(command("validator.media.adviser"), cwd=tmp_path, input=b"", check=True)
    assert not (tmp_path / "ran").exists()


def test_a_child_ends_with_its_parent_and_not_by_itself(tmp_path):
    (tmp_path / "waits.py").write_text(WAITS)
    code = "import subprocess, sys, time\nfrom validator.children import command\n"
    code += "child = subprocess.Popen(command('waits'))\nprint(child.pid, flush=True)\ntime.sleep(60)"
    here = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    with subprocess.Popen([sys.executable, "-c", code], env=here, stdout=subprocess.PIPE, text=True) as parent:
        assert int(parent.stdout.readline()) > 0
        assert parent.stdout.readline() == "1 1\n"
        parent.send_signal(signal.SIGKILL)
        assert parent.stdout.read() == ""  # ends when the child, which has it too, has ended
