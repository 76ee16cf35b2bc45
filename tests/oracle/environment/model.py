"""A Qwen2-VL of two layers with random weights: small enough to be trained for a step on any machine."""

import torch
import transformers
from transformers import PreTrainedTokenizerBase, Qwen2VLConfig, Qwen2VLForConditionalGeneration

SECTIONS = [2, 3, 3]
"""How the positions of time, height and width share a head of 16 values."""


def tiny_model(tokenizer: PreTrainedTokenizerBase) -> Qwen2VLForConditionalGeneration:
    """The same weights in each call."""
    numbers = tokenizer.convert_tokens_to_ids
    config = Qwen2VLConfig(
        text_config={
            "vocab_size": max(len(tokenizer), 512),
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "bos_token_id": None,
            "eos_token_id": None,
            **rotation(),
        },
        vision_config={"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 2, "in_chans": 3},
        image_token_id=numbers("<|image_pad|>"),
        video_token_id=numbers("<|video_pad|>"),
        vision_start_token_id=numbers("<|vision_start|>"),
        vision_end_token_id=numbers("<|vision_end|>"),
    )
    torch.manual_seed(0)
    return Qwen2VLForConditionalGeneration(config)


def rotation() -> dict[str, object]:
    """The rotary embedding, in the names of transformers 5 or of releases before."""
    if int(transformers.__version__.partition(".")[0]) >= 5:
        return {"rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": SECTIONS}}
    return {"rope_scaling": {"type": "mrope", "mrope_section": SECTIONS}, "rope_theta": 1e6}
