"""Runs inside the oracle's environment: asks the real trainer what it does with data under a stage and a template.

    ORACLE_PYTHON -m tests.oracle.judge_stages < QUESTIONS

A line of input is a training file as JSON; a line of output says what its workflow comes to before it loads the model:
{"outcome": "taken", "tokens": of the first row} or {"outcome": "refused", "error", "message"}.
"""

import contextlib
import importlib
import io
import json
import logging
import sys
import tempfile

from tests.oracle.environment.processor import make_processor
from tests.oracle.environment.tokenizer import make_tokenizer

logging.disable(logging.CRITICAL)


class TakenError(Exception):
    """The workflow has its data, and asks for the model."""


def answer(given):
    from llamafactory.hparams import get_train_args

    stage = given["stage"]
    workflow = importlib.import_module(f"llamafactory.train.{stage}.workflow")
    found = {}

    def load_tokenizer(model_args):
        from llamafactory.model.patcher import patch_processor

        tokenizer = make_tokenizer()
        processor = make_processor(tokenizer)
        patch_processor(processor, tokenizer, model_args)
        return {"tokenizer": tokenizer, "processor": processor}

    def load_model(*_, **__):
        raise TakenError

    get_dataset = workflow.get_dataset

    def kept(*arguments, **named):
        found.update(get_dataset(*arguments, **named))
        return found

    workflow.load_tokenizer, workflow.load_model, workflow.get_dataset = load_tokenizer, load_model, kept
    try:
        with tempfile.TemporaryDirectory() as output:
            run = {"model_name_or_path": "offline", "do_train": True, "output_dir": output, "report_to": "none"}
            arguments = get_train_args({**run, "use_cpu": True, **given})
            named = arguments if stage in ("sft", "ppo") else arguments[:4]
            getattr(workflow, f"run_{stage}")(*named)
    except TakenError:
        row = next(iter(found["train_dataset"]))
        ids = row.get("input_ids", row.get("chosen_input_ids"))
        return {"outcome": "taken", "rows": len(found["train_dataset"]), "tokens": len(ids)}
    except Exception as error:
        return {"outcome": "refused", "error": type(error).__name__, "message": str(error)[:300]}
    finally:
        workflow.get_dataset = get_dataset
    return {"outcome": "ended"}


def main():
    out = sys.stdout
    for line in sys.stdin:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            said = answer(json.loads(line))
        out.write(json.dumps(said) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
