"""Trains the tiny Qwen2-VL that the tests of replay judge with: 1.2 M parameters, one to two minutes.

    python -m scripts.tiny_checkpoint [FOLDER]

Seeded and cached: a folder that holds the checkpoint of this version of the script is left alone. Needs torch and
transformers (`./scripts/replay`). The folder is a checkpoint like any other: config.json, safetensors, tokenizer.json,
preprocessor_config.json.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import random
import shutil
import sys
import time
from pathlib import Path

from scripts import synthetic_rows
from validator.facts.training_ids import IGNORED

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".replay" / "tiny"
STEPS, BATCH, ROWS = 600, 8, 1600
RATE = 2e-3


def ensure(folder: Path = FOLDER) -> Path:
    """The folder of the trained checkpoint, trained now where it is not there."""
    parts = (write_tokenizer, tiny_config, train, synthetic_rows)
    recipe = "".join(inspect.getsource(part) for part in parts) + repr((STEPS, BATCH, ROWS, RATE))
    stamp = hashlib.sha256(recipe.encode()).hexdigest()
    if not (folder / "stamp").is_file() or (folder / "stamp").read_text() != stamp:
        made = folder.with_name(f"{folder.name}.{os.getpid()}")
        made.mkdir(parents=True)
        train(made)
        (made / "stamp").write_text(stamp)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    return folder


def write_tokenizer(folder: Path) -> None:
    """A byte-level BPE of some 600 tokens with Qwen2-VL's special tokens, learned from the synthetic text."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    from validator.tokens.vocabulary import SPECIAL_TOKENS, SPLIT_PATTERN

    rng = random.Random(0)
    text = [turn["content"] for _ in range(3000) for turn in synthetic_rows.text_row(rng)["messages"]]
    text += [
        "system\nYou are a helpful assistant.",
        "user\nassistant\n",
        "A box on a ground",
        *synthetic_rows.PLACES,
    ] * 20
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(SPLIT_PATTERN), "isolated"), byte_level]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, initial_alphabet=sorted(alphabet), show_progress=False)
    tokenizer.train_from_iterator(text, trainer)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS])
    tokenizer.save(str(folder / "tokenizer.json"))
    image = {"min_pixels": 3136, "max_pixels": 1003520, "patch_size": 14, "merge_size": 2, "temporal_patch_size": 2}
    (folder / "preprocessor_config.json").write_text(json.dumps(image))


def tiny_config(special: dict[str, int]):
    from transformers import Qwen2VLConfig

    return Qwen2VLConfig(
        text_config={
            "vocab_size": 768,
            "hidden_size": 128,
            "intermediate_size": 384,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "bos_token_id": special["<|endoftext|>"],
            "eos_token_id": special["<|im_end|>"],
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [4, 6, 6]},
        },
        vision_config={"depth": 2, "embed_dim": 64, "hidden_size": 128, "num_heads": 2, "mlp_ratio": 2},
        image_token_id=special["<|image_pad|>"],
        video_token_id=special["<|video_pad|>"],
        vision_start_token_id=special["<|vision_start|>"],
        vision_end_token_id=special["<|vision_end|>"],
    )


def train(folder: Path) -> None:
    """Train on synthetic rows and save."""
    import torch
    from transformers import Qwen2VLForConditionalGeneration
    from transformers.utils import logging

    from scripts.replay_jobs import jobs_of
    from validator.replaying.collate import Collator
    from validator.replaying.pictures import Pictures
    from validator.tokens.processor import load_processor
    from validator.trainers.registry import trainer_named

    logging.set_verbosity_error()
    began = time.perf_counter()
    write_tokenizer(folder)
    load_processor.cache_clear()
    processor = load_processor(str(folder))
    torch.manual_seed(0)
    model = Qwen2VLForConditionalGeneration(tiny_config(dict(processor.encoder.special_tokens)))
    jobs, limits = jobs_of(folder / "train", synthetic_rows.rows(1, ROWS, folder / "train"), str(folder))
    pictures = Pictures(str(folder), limits, trainer_named("llamafactory"))
    collate = Collator(model, pictures, processor.token_id("<|endoftext|>"))
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
    rng = random.Random(0)
    pixels = {job.key: collate.pixels([job]) for job in jobs}
    for step in range(STEPS):
        chosen = sorted(rng.sample(jobs, BATCH), key=lambda job: job.key)
        tensors = [pixels[job.key] for job in chosen if pixels[job.key]]
        joined = {name: torch.cat([tensor[name] for tensor in tensors]) for name in tensors[0]} if tensors else {}
        batch = collate(chosen, joined)
        batch.pop("rope_deltas")
        labels = batch["labels"]
        loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        if step % 100 == 99:
            seconds = time.perf_counter() - began
            number = int((labels != IGNORED).sum())
            print(f"step {step + 1}: loss {loss.item():.3f} over {number} labels, {seconds:.0f} s", file=sys.stderr)
    model.config.dtype = torch.bfloat16
    model.to(torch.bfloat16).save_pretrained(folder)


if __name__ == "__main__":
    print(ensure(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
