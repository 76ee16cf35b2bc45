"""`audit` gives the page that the command prints."""

import json
from pathlib import Path

import pytest

import mmvalidate as face
from tests.api.conftest import ALONE
from tests.helpers.checkpoints import Checkpoint

VERSIONS = "deepspeed=0.14.4,torch=2.4.0,transformers=4.49.0,accelerate=1.0.1"
TRAIN = """
stage: sft
do_train: true
model_name_or_path: Qwen/Qwen2-VL-7B-Instruct
template: qwen2_vl
finetuning_type: full
dataset: data
dataset_dir: .
cutoff_len: 200
output_dir: out
bf16: true
"""


@pytest.mark.usefixtures("undrawn")
def test_a_training_file(home, mmvalidate):
    Path("train.yaml").write_text(TRAIN)
    audit = face.audit("train.yaml", gpus=8, gpu_memory=80, versions=VERSIONS, run_dir="audited", execution=ALONE)
    options = ("--versions", VERSIONS, "--gpus", 8, "--gpu-memory", 80, "--run-dir", "audited", "--workers", 0)
    done = mmvalidate("audit", "train.yaml", *options, "--json", "-q", cwd=home)
    assert json.loads(done.stdout) == json.loads(json.dumps(audit.page))
    assert (audit.exit_code, audit.verdict) == (done.returncode, "NO-GO") == (1, "NO-GO")
    assert {"TK001", "MD001"} <= {reason["code"] for reason in audit.reasons}
    assert repr(audit) == f"<mmvalidate audit in audited: NO-GO, {len(audit.reasons)} reasons>"
    assert face.open_run(audit.folder).summary["audit"]["verdict"] == "NO-GO"


def test_a_checkpoint_alone(tmp_path):
    base = Checkpoint().write(tmp_path / "base")
    audit = face.audit(checkpoint=str(base))
    assert (audit.verdict, audit.exit_code, audit.folder) == ("GO", 0, None)
    assert repr(audit) == "<mmvalidate audit: GO, 0 reasons>"
