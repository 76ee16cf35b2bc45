"""Published chat templates that are reproduced, known by the SHA-256 of the file that a model's folder has.

Source: the chat_template.jinja of Qwen3.5 and Qwen3.6, as TRL 1.16 has them in `chat_templates/`.
"""

from __future__ import annotations

FILE = "chat_template.jinja"
_THINK, _NOTHINK = "<think>\n", "<think>\n\n</think>\n\n"
ASKED = {"qwen3_5_think": _THINK, "qwen3_5_nothink": _NOTHINK, "qwen3_6": _THINK}
"""What each writes behind the header of an answer that is asked for: the names are TRL's."""
PUBLISHED = {
    "a4aee8afcf2e0711942cf848899be66016f8d14a889ff9ede07bca099c28f715": "qwen3_5_think",
    "273d8e0e683b885071fb17e08d71e5f2a5ddfb5309756181681de4f5a1822d80": "qwen3_5_nothink",
    "e84f32a23fdda27689f868aa4a1a5621f41133e51a48d7f3efcbea2839574259": "qwen3_6",
}
