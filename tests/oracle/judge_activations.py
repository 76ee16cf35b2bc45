"""Runs inside the oracle's environment: the peak of live tensors in the trainer's first step on tiny models.

    ORACLE_PYTHON -m tests.oracle.judge_activations < CASES > ANSWERS

CASES is [{"hidden", "inner", "layers", "words", "lines"}]; an answer is bytes a token: the difference between
rows of two lengths over the difference of their tokens, so that weights drop out.
"""

import gc
import json
import os
import sys
import tempfile
from pathlib import Path

from tests.oracle import judge_training
from tests.oracle.environment.oracle import Oracle

# The judge sets the number of threads, and the stand-ins are in place, before these are imported
# isort: split
import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

LENGTHS = (240, 496)


class Peak(TorchDispatchMode):
    """The most bytes of storages that live at one time, of those made under it."""

    def __init__(self):
        super().__init__()
        self.live, self.peak = {}, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, torch.Tensor):
                storage = leaf.untyped_storage()
                held = StorageWeakRef(storage)
                self.live.setdefault(held.cdata, (held, storage.nbytes()))
        for key in [key for key, (held, _) in self.live.items() if held.expired()]:
            del self.live[key]
        self.peak = max(self.peak, sum(size for _, size in self.live.values()))
        return out


def save_model(folder, case):
    oracle = Oracle(folder.parent, "rows")
    ids, hidden = oracle.tokenizer.convert_tokens_to_ids, case["hidden"]
    rope = {
        "rope_type": "default",
        "rope_theta": 1e6,
        "mrope_section": [hidden // 32, hidden * 3 // 64, hidden * 3 // 64],
    }
    config = Qwen2VLConfig(
        text_config={
            "vocab_size": case["words"],
            "hidden_size": hidden,
            "intermediate_size": case["inner"],
            "num_hidden_layers": case["layers"],
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "bos_token_id": None,
            "eos_token_id": None,
            "rope_parameters": rope,
        },
        vision_config={
            "depth": 2,
            "embed_dim": 32,
            "hidden_size": hidden,
            "num_heads": 2,
            "mlp_ratio": 2,
            "in_chans": 3,
        },
        image_token_id=ids("<|image_pad|>"),
        video_token_id=ids("<|video_pad|>"),
        vision_start_token_id=ids("<|vision_start|>"),
        vision_end_token_id=ids("<|vision_end|>"),
    )
    Qwen2VLForConditionalGeneration(config).save_pretrained(folder)
    oracle.processor.save_pretrained(folder)
    oracle.tokenizer.save_pretrained(folder)


def step_of(case, length, tuner, callback):
    """(tokens, peak) of the first step."""
    from llamafactory.train.sft.trainer import CustomSeq2SeqTrainer

    seen, training_step = [], CustomSeq2SeqTrainer.training_step

    def watched(self, model, inputs, *args, **kwargs):
        tokens = inputs["input_ids"].numel()
        with Peak() as peak:
            loss = training_step(self, model, inputs, *args, **kwargs)
        seen.append((tokens, peak.peak))
        return loss

    CustomSeq2SeqTrainer.training_step = watched
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            judge_training.make_data(folder)
            rows = [{"instruction": "q", "input": "", "output": "a" * length}] * 2
            (folder / "rows.json").write_text(json.dumps(rows))
            save_model(folder / "model", case)
            lines = {**judge_training.WARM, "per_device_train_batch_size": 1, "bf16": "true", "finetuning_type": "lora"}
            text = "".join(f"{key}: {value}\n" for key, value in lines.items()) + case["lines"]
            said = judge_training.answer(tuner, callback, {"text": text}, folder)
            assert said == {"outcome": "trained"}, said
    finally:
        CustomSeq2SeqTrainer.training_step = training_step
        gc.collect()
    return seen[0]


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the trainer prints
    tuner, callback = judge_training.stand_in()
    found = []
    for case in json.load(sys.stdin):
        (few, low), (many, high) = (step_of(case, length, tuner, callback) for length in LENGTHS)
        found.append((high - low) / (many - few))
    json.dump(found, answers)


if __name__ == "__main__":
    main()
