"""Checkpoints of a few megabytes, sound until a test plants a fault."""

import json

import numpy as np

from validator.checkpoint.names import expected

CONFIG = {
    "model_type": "qwen2_vl",
    "tie_word_embeddings": False,
    "text_config": {
        "hidden_size": 32,
        "intermediate_size": 48,
        "vocab_size": 151_680,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
    },
    "vision_config": {"depth": 1, "embed_dim": 16, "mlp_ratio": 2, "hidden_size": 32},
}


TOKENIZER = {"added_tokens": [{"id": 151652, "content": "<|vision_start|>"}], "model": {"vocab": {"a": 0}}}


def bf16(values):
    return (np.asarray(values, np.float32).view(np.uint32) >> 16).astype(np.uint16)


class Checkpoint:
    """Weights by name as FP32 arrays, written to two shards with an index, under the names of transformers 4."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.weights = {}
        for name, shape in expected(CONFIG).items():
            ones = name.endswith(("norm.weight", "norm1.weight", "norm2.weight", "ln_q.weight"))
            self.weights[name] = np.ones(shape) if ones else 0.02 * rng.standard_normal(shape)
        self.config, self.tokenizer = CONFIG, TOKENIZER

    def write(self, folder, dtype="BF16", wrong_index=False, old_names=True):
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(json.dumps(self.config))
        (folder / "tokenizer.json").write_text(json.dumps(self.tokenizer))
        names = {name: old_name(name) if old_names else name for name in self.weights}
        shards = {"model-00001-of-00002.safetensors": {}, "model-00002-of-00002.safetensors": {}}
        for number, (name, values) in enumerate(self.weights.items()):
            shards[list(shards)[number % 2]][names[name]] = values
        for file, tensors in shards.items():
            write_safetensors(folder / file, tensors, dtype)
        index = {name: file for file, tensors in shards.items() for name in tensors}
        if wrong_index:
            index[next(iter(index))] = "model-00002-of-00002.safetensors"
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
        return folder


def old_name(name):
    return name.replace("model.visual.", "visual.").replace("model.language_model.", "model.")


def write_safetensors(path, tensors, dtype="BF16"):
    convert = {"BF16": bf16, "F32": np.float32, "F16": np.float16, "I64": np.int64}[dtype]
    header, data, begin = {}, [], 0
    for name, values in tensors.items():
        raw = np.asarray(convert(np.asarray(values))).tobytes()
        header[name] = {"dtype": dtype, "shape": list(np.shape(values)), "data_offsets": [begin, begin + len(raw)]}
        begin += len(raw)
        data.append(raw)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(data))
