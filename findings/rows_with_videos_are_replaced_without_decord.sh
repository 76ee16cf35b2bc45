#!/usr/bin/env bash
# nemo-automodel 0.7.0: without decord, which only its extra `vlm-media` brings, and only on Linux x86-64, every row with a
# video is replaced by another row, drawn at random: a warning each, and training goes on. The processor here is a stand-in,
# which is reached by rows of text alone; the rest is the package's own.
# Seen: "rows fed for 0, 1, 2, 3, where 0 and 2 have a video: 3 1 1 3".
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
python3 -m venv "$home/venv"
"$home/venv/bin/pip" install -q --disable-pip-version-check --no-deps nemo-automodel==0.7.0
"$home/venv/bin/pip" install -q --disable-pip-version-check transformers==5.18.0 datasets==4.8.4 torch pillow pyyaml
cat >"$home/run.py" <<'PY'
import torch
from nemo_automodel.components.datasets.vlm.datasets import PreTokenizedDatasetWrapper

MARKERS = {"<|im_start|>": 1000, "<|im_end|>": 1001}


class Tokenizer:
    unk_token_id = None

    def convert_tokens_to_ids(self, token):
        return MARKERS.get(token)

    def encode(self, text, add_special_tokens=False):
        for token, number in MARKERS.items():
            text = text.replace(token, chr(number))
        return [ord(letter) for letter in text]


class Qwen2VLProcessor:
    tokenizer = Tokenizer()

    def apply_chat_template(self, conversations, tokenize):
        (said,) = conversations
        return "".join(f"<|im_start|>{one['role']}\n{one['content'][0]['text']}<|im_end|>\n" for one in said)

    def __call__(self, text, **more):
        ids = torch.tensor([self.tokenizer.encode(text[0])])
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def row(number):
    question = {"type": "video", "video": "a.mp4"} if number in (0, 2) else {"type": "text", "text": "?"}
    answer = {"type": "text", "text": str(number)}
    return {"conversation": [{"role": "user", "content": [question]}, {"role": "assistant", "content": [answer]}]}


rows = PreTokenizedDatasetWrapper([row(number) for number in range(4)], Qwen2VLProcessor(), inject_fake_images=False)
fed = [next(chr(letter) for letter in rows[number]["labels"] if letter >= 0) for number in range(4)]
seen = f"rows fed for 0, 1, 2, 3, where 0 and 2 have a video: {' '.join(fed)}"
print(seen)
assert seen == "rows fed for 0, 1, 2, 3, where 0 and 2 have a video: 3 1 1 3"
PY
"$home/venv/bin/python" "$home/run.py"
