"""What the README shows of ./scripts/demo is what its command prints."""

import re
import subprocess
import sys

from tests.conftest import ROOT
from tests.environments import needs_replay


@needs_replay
def test_the_end_of_the_demo(tmp_path):
    demo = (ROOT / "scripts" / "demo").read_text(encoding="utf-8")
    (arguments,) = re.findall(r"bin/mmvalidate (.*) \"\$@\"", demo)
    command = [sys.executable, "-m", "validator.cli.main", *arguments.split(), "--run-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    (shown,) = re.findall(
        r"^```text\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    printed = set(done.stdout.splitlines())
    assert [line for line in shown.splitlines() if line != "..." and line not in printed] == []
