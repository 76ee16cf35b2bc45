"""The real tokenizer beside the static pass: ids and counts must be the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from validator.conversation.sample import MediaKind
from validator.replaying.job import Job, RenderedTurn
from validator.tokens.template import PAD_TOKENS, VISION_END, VISION_START


class Spelling:
    """transformers' tokenizer of a checkpoint's folder; of the embedded vocabulary without one."""

    def __init__(self, folder: str | None) -> None:
        self._tokenizer: Any = _embedded() if folder is None else _of_folder(folder)
        self.pad_id: int = self._tokenizer.pad_token_id

    def compare(self, job: Job, tokens: Mapping[MediaKind, tuple[int, ...]]) -> str | None:
        """Where the real processor and tokenizer contradict the static pass, in words; None where they agree.

        `tokens`: of each image and video, by the grids that the processor made.
        """
        for kind, ours in job.tokens.items():
            if ours != tokens[kind]:
                return f"the static pass counted {list(ours)} {kind} tokens, the processor {list(tokens[kind])}"
        for number, turn in enumerate(job.turns):
            text, (head, tail) = _text(turn, tokens), turn.apart
            parts = text[:head], text[head : len(text) - tail], text[len(text) - tail :]
            theirs = [token for part in parts for token in self._tokenizer.encode(part, add_special_tokens=False)]
            if theirs != turn.ids:
                place = next(
                    (at for at, pair in enumerate(zip(theirs, turn.ids, strict=False)) if pair[0] != pair[1]),
                    min(len(theirs), len(turn.ids)),
                )
                return (
                    f"piece {number} of the prompt has {len(turn.ids)} ids in the static pass and {len(theirs)} by the "
                    f"tokenizer; they part at {place}"
                )
        return None


def _text(turn: RenderedTurn, tokens: Mapping[MediaKind, Sequence[int]]) -> str:
    text = turn.texts[0]
    for slot, after in zip(turn.slots, turn.texts[1:], strict=True):
        text += VISION_START + PAD_TOKENS[slot.kind] * tokens[slot.kind][slot.index] + VISION_END + after
    return text


def _of_folder(folder: str) -> Any:
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError):  # tokenizer.json alone
        return PreTrainedTokenizerFast(tokenizer_file=f"{folder}/tokenizer.json", pad_token="<|endoftext|>")


def _embedded() -> Any:
    from tokenizers import AddedToken
    from tokenizers.normalizers import NFC
    from transformers import PreTrainedTokenizerFast

    from validator.tokens.encoder import tokenizer_of
    from validator.tokens.vocabulary import SPECIAL_TOKENS, load_ranks

    tokenizer = tokenizer_of(load_ranks())
    tokenizer.normalizer = NFC()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<|endoftext|>", eos_token="<|im_end|>")
