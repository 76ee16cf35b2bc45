"""Inside the environments: models that come after Qwen2-VL."""

import lf_oracle


def as_qwen2_5(tokenizer, tokens):
    """Qwen2.5-VL: its added tokens, and its own processor class."""
    from tokenizers import AddedToken
    from transformers import Qwen2_5_VLProcessor

    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in tokens])
    make = lf_oracle.make_processor

    def processor(*arguments):
        parts = make(*arguments)
        return Qwen2_5_VLProcessor(parts.image_processor, parts.tokenizer, parts.video_processor, chat_template=None)

    lf_oracle.make_processor = processor
