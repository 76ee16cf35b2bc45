"""Runs inside the oracle's environment: trains a tiny Qwen2-VL with the real trainer and says what came of it.

    ORACLE_PYTHON -m tests.oracle.train_tiny < LINES

A line of input is a list of training files (text), which run one after the other in one folder; a line of output is a
list with a dictionary for each: `error`, or what `Notes.said` returns. Every file runs in a process of its own, forked
off one that has loaded the trainer. There are a tiny Qwen2-VL in FP32 at `model`, the same with a value that BF16
cannot hold at `overflowing`, and the data sets `rows`, `pictures` and `tokens` (text with a new token) of 8 rows each.
"""

import gc
import io
import json
import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # a process with threads cannot be forked

import torch

from tests.oracle.environment.oracle import Oracle

PARTS = {"visual.merger": "projector", "visual": "vision_tower", "": "language_model"}
NEW = "<new>"


def make_models(folder):
    oracle = Oracle(folder, "rows")
    model = oracle.tiny_model()
    for name in ("model", "overflowing"):
        if name == "overflowing":
            model.lm_head.weight.data[5, 0] = 3.4e38
            model.model.language_model.norm.weight.data[0] = 1e-38  # so that logits are finite in FP32
        for part in (model, oracle.processor, oracle.tokenizer):
            part.save_pretrained(folder / name)


def make_data(folder):
    from PIL import Image

    Image.new("RGB", (56, 56), "red").save(folder / "red.png")
    questions = {"rows": "question", "pictures": "<image>question", "tokens": f"{NEW} question"}
    columns = {"prompt": "instruction", "query": "input", "response": "output"}
    info = {}
    for name, question in questions.items():
        rows = [{"instruction": f"{question} {index}", "input": "", "output": "answer " * 6} for index in range(8)]
        info[name] = {"file_name": f"{name}.json", "columns": columns}
        if name == "pictures":
            rows = [{**row, "images": ["red.png"]} for row in rows]
            info[name] = {"file_name": f"{name}.json", "columns": {**columns, "images": "images"}}
        (folder / f"{name}.json").write_text(json.dumps(rows))
    (folder / "dataset_info.json").write_text(json.dumps(info))


def part_of(name):
    return next(part for key, part in PARTS.items() if key in name)


class Notes:
    """What is seen of one run: its first micro-batch, and the weights before and after."""

    def __init__(self):
        self.trainer = self.batch = self.before = self.loss = None

    def watch(self, trainer_class):
        """Put this in front of the trainer's loss."""
        compute, train = trainer_class.compute_loss, trainer_class.train

        def watched(trainer, model, inputs, *args, **kwargs):
            first = self.batch is None
            if first:
                self.batch = {key: value.clone() for key, value in inputs.items() if torch.is_tensor(value)}
            loss = compute(trainer, model, inputs, *args, **kwargs)
            self.loss = float(loss) if first else self.loss
            return loss

        def trained(trainer, *args, **kwargs):
            self.trainer = trainer
            self.before = {name: value.detach().clone() for name, value in trainer.model.named_parameters()}
            return train(trainer, *args, **kwargs)

        trainer_class.compute_loss, trainer_class.train = watched, trained

    def said(self):
        """Steps, rates and losses; which parts are trained; which tokens the model gives back for the labels."""
        state, now = self.trainer.state, dict(self.trainer.model.named_parameters())
        changed = {name for name, value in self.before.items() if not torch.equal(value, now[name])}
        return {
            "steps": state.global_step,
            "epoch": state.epoch,
            "rates": [entry["learning_rate"] for entry in state.log_history if "learning_rate" in entry],
            "losses": [entry["loss"] for entry in state.log_history if "loss" in entry],
            "first_loss": self.loss,
            "trained": sorted({part_of(name) for name, value in now.items() if value.requires_grad}),
            "trained_values": sum(value.numel() for value in now.values() if value.requires_grad),
            "changed": sorted({part_of(name) for name in changed}),
            "new_rows": self.new_rows(now),
            **(self.answers() if self.batch is not None else {}),
        }

    def new_rows(self, now):
        """Which tables have another row for the new token than before."""
        token = self.trainer.processing_class.convert_tokens_to_ids(NEW)
        return sorted(
            {
                table
                for table in ("embed_tokens", "lm_head")
                for name in now
                if table in name and token is not None and not torch.equal(self.before[name][token], now[name][token])
            }
        )

    def answers(self):
        """At how many labels the likeliest token is the one just read, and at how many the next one."""
        model, labels = self.trainer.model.eval(), self.batch.pop("labels")
        with torch.no_grad():
            best = model(**self.batch).logits.argmax(-1)
        real = labels != -100
        return {
            "repeated": round(float((best == labels)[real].float().mean()), 2),
            "predicted": round(float((best[:, :-1] == labels[:, 1:])[real[:, 1:]].float().mean()), 2),
        }


def answer(tuner, text, folder):
    from llamafactory.train.sft.trainer import CustomSeq2SeqTrainer

    (folder / "train.yaml").write_text(text)
    os.chdir(folder)
    sys.argv = ["train", "train.yaml"]
    notes = Notes()
    notes.watch(CustomSeq2SeqTrainer)
    try:
        tuner.run_exp()
    except Exception as error:  # whatever stops the trainer is its answer
        return {"error": f"{type(error).__name__}: {str(error)[:300]}"}
    return notes.said()


WARM = {
    "model_name_or_path": "model",
    "dataset": "pictures",
    "dataset_dir": ".",
    "template": "qwen2_vl",
    "do_train": True,
    "max_steps": 1,
    "output_dir": "warm",
    "report_to": "none",
}


def warm_up(tuner, folder):
    """Train one step, for all that is loaded late, and forget what accelerate keeps of it."""
    from accelerate.state import AcceleratorState, GradientState, PartialState

    os.chdir(folder)
    tuner.run_exp(WARM)
    for state in (AcceleratorState, PartialState, GradientState):
        state._reset_state()
    gc.collect()
    gc.freeze()
    shutil.rmtree(folder / "warm")


def forked(tuner, text, folder):
    """`answer` in a process of its own."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        with os.fdopen(write, "w") as out:
            json.dump(answer(tuner, text, folder), out)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as back:
        said = back.read()
    os.waitpid(child, 0)
    return json.loads(said) if said else {"error": "the process ended"}


def main():
    logging.disable(logging.CRITICAL)
    answers = os.fdopen(os.dup(1), "w")
    sys.stdout = io.StringIO()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_data(folder)
        make_models(folder)
        import transformers.training_args
        from llamafactory.hparams import parser
        from llamafactory.train import tuner

        parser.is_torch_bf16_gpu_available = transformers.training_args.is_torch_bf16_gpu_available = lambda: True
        warm_up(tuner, folder)
        kept = {path.name for path in folder.iterdir()}
        for line in sys.stdin:
            answers.write(json.dumps([forked(tuner, text, folder) for text in json.loads(line)]) + "\n")
            answers.flush()
            for path in folder.iterdir():
                if path.name not in kept and path.is_dir():
                    shutil.rmtree(path)


if __name__ == "__main__":
    main()
