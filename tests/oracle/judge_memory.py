"""Runs inside the oracle's environment: what LLaMA-Factory trains of a tiny Qwen2-VL, and the bytes that it takes.

    ORACLE_PYTHON -m tests.oracle.judge_memory MODEL < CASES > ANSWERS

CASES is {name: fields of FinetuningArguments, and `optim`}. The model is saved to MODEL. An answer counts parameters
that are trained, and after one optimizer step the bytes of all weights, gradients and tensors of the optimizer.
"""

import json
import os
import sys

import torch

from tests.oracle.environment.model import tiny_model
from tests.oracle.environment.tokenizer import make_tokenizer

OPTIMIZERS = {"adamw_torch": "AdamW", "sgd": "SGD", "rmsprop": "RMSprop", "adagrad": "Adagrad"}


def num_bytes(tensors):
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def ask(model, case):
    from llamafactory.hparams import FinetuningArguments, ModelArguments
    from llamafactory.model.adapter import init_adapter
    from transformers import Adafactor, AutoModelForImageTextToText

    loaded = AutoModelForImageTextToText.from_pretrained(model, dtype=torch.bfloat16)
    finetuning = FinetuningArguments(**{key: value for key, value in case.items() if key != "optim"})
    loaded = init_adapter(loaded.config, loaded, ModelArguments(model_name_or_path=model), finetuning, True)
    trained = [parameter for parameter in loaded.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.grad = torch.zeros_like(parameter)
    name = case.get("optim", "adamw_torch")
    optimizer = (Adafactor if name == "adafactor" else getattr(torch.optim, OPTIMIZERS[name]))(trained)
    optimizer.step()
    kept = (value for state in optimizer.state.values() for value in state.values() if torch.is_tensor(value))
    return {
        "trained": sum(parameter.numel() for parameter in trained),
        "weights": num_bytes(loaded.parameters()),
        "gradients": num_bytes(parameter.grad for parameter in trained),
        "optimizer": num_bytes(tensor for tensor in kept if tensor.dim()),
    }


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the trainer prints
    folder = sys.argv[1]
    tiny_model(make_tokenizer()).save_pretrained(folder)
    cases = json.load(sys.stdin)
    json.dump({name: ask(folder, case) for name, case in cases.items()}, answers)


if __name__ == "__main__":
    main()
