"""The template `qwen2_vl` of axolotl, which its documentation names for Qwen2-VL, Qwen2.5-VL and Qwen3-VL alike: any
role is written as it is called.

Source: axolotl 0.19.0 `utils/chat_templates/templates/qwen2_vl.jinja`.
"""

from __future__ import annotations

from functools import cache

from validator.conversation.sample import MediaKind, Sample
from validator.tokens.template import Template
from validator.trainers.transformers.template import TrlTemplate, trl_template

ROLES = "roles-as-written"
"""Among what is kept of a sample for later: of messages by number, roles that are none of user, assistant, system."""


class AxolotlTemplate(TrlTemplate):
    """A template that writes roles as they are called."""

    __slots__ = ()

    def around(self, sample: Sample, index: int) -> tuple[str, str] | None:
        """The header with such a role."""
        role = sample.objects[ROLES].get(sample.turns[index].index)
        return None if role is None else (f"<|im_start|>{role}\n", "<|im_end|>\n")


@cache
def axolotl_template(parted: tuple[str, ...], kinds: tuple[MediaKind, ...]) -> AxolotlTemplate:
    """The template; placeholders of some kinds of media become such in the content of the roles `parted`."""
    plain = trl_template(parted, kinds)
    return AxolotlTemplate(**{name: getattr(plain, name) for name in Template.__dataclass_fields__})
