"""Stands in for what a machine without a GPU lacks, and the trainer imports all the same."""

import importlib.machinery
import sys
import types
from importlib.util import find_spec

import torch

OPERATORS = ("nms", "qnms")
"""Operators of torchvision that its Python code names while it is imported."""
_declared = torch.library.Library("torchvision", "FRAGMENT")


def put_in_place() -> None:
    """See to it that torchvision and torchaudio can be imported."""
    try:
        import torchvision  # noqa: F401
    except RuntimeError:  # built for CUDA beside a torch that is not: its operators do not load
        declare_operators()
    if find_spec("torchaudio") is None:
        pretend_torchaudio()


def declare_operators() -> None:
    """Declare torchvision's operators without their code, and import it anew. The processors call none of them."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    for operator in OPERATORS:
        _declared.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision  # noqa: F401


def pretend_torchaudio() -> None:
    """LLaMA-Factory imports torchaudio at its top, and calls it for audio alone."""
    package, functional = types.ModuleType("torchaudio"), types.ModuleType("torchaudio.functional")
    package.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
    package.__version__ = "0"
    package.functional = functional
    sys.modules |= {"torchaudio": package, "torchaudio.functional": functional}
