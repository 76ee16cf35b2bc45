"""`audit` gives the page that the command prints."""

import json
import shutil

import pytest

import mmvalidate as face
from tests.api.conftest import ALONE
from tests.conftest import ROOT
from tests.helpers.checkpoints import Checkpoint

VERSIONS = "deepspeed=0.14.4,torch=2.4.0,transformers=4.49.0,accelerate=1.0.1"


@pytest.mark.usefixtures("undrawn")
def test_a_training_file(tmp_path, mmvalidate, monkeypatch):
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    train = "sample_data/stage2/train.yaml"
    monkeypatch.chdir(tmp_path)
    audit = face.audit(train, gpus=8, gpu_memory=80, versions=VERSIONS, run_dir="run", execution=ALONE)
    options = ("--versions", VERSIONS, "--gpus", 8, "--gpu-memory", 80, "--run-dir", "run", "--workers", 0)
    done = mmvalidate("audit", train, *options, "--json", "-q", cwd=tmp_path)
    assert json.loads(done.stdout) == json.loads(json.dumps(audit.page))
    assert (audit.exit_code, audit.verdict, audit.reasons[0]["code"]) == (done.returncode, "NO-GO", "CF004")
    assert repr(audit) == f"<mmvalidate audit in run: NO-GO, {len(audit.reasons)} reasons>"
    assert face.open_run(audit.folder).summary["audit"]["verdict"] == "NO-GO"


def test_a_checkpoint_alone(tmp_path):
    base = Checkpoint().write(tmp_path / "base")
    audit = face.audit(checkpoint=str(base))
    assert (audit.verdict, audit.exit_code, audit.folder) == ("GO", 0, None)
    assert repr(audit) == "<mmvalidate audit: GO, 0 reasons>"
