"""Which rows of a finished run have the same text tokens under another model, and their turns there.

Two models write a row alike where their templates differ in the default system prompt alone and their vocabularies in
added tokens alone, and none of these stands in the row: then stored facts are enough. Other rows are read again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from validator.facts.traits import ADDED
from validator.models.families import LATER_TOKENS, LATEST_TOKENS
from validator.settings import Settings
from validator.tokens.encoder import RankEncoder
from validator.tokens.processor import Processor, load_processor
from validator.tokens.template import SYSTEM, Template
from validator.trainers.span_table import Flags, Ints, offsets_of, owners

_WRITTEN = ("function", "observation")
"""Roles around whose text a template writes added tokens."""


@dataclass(frozen=True, slots=True)
class SameText:
    """How rows of a run read under another model. `none`: no row is known to read alike; `videos`: those with videos
    are not. Of rows without a system prompt the first turn goes (`drops`), and `added` tokens of another come.
    """

    none: bool
    videos: bool = False
    drops: bool = False
    added: int = 0

    def read_again(self, batch: pa.RecordBatch) -> Flags:
        """The records that must be read again, shape (records,). Unchecked ones stay so."""
        known = ~_flags(pc.equal(batch["outcome"], "unchecked"))
        if self.none:
            return known
        turns, offsets = batch["turns"].flatten(), _offsets(batch["turns"])
        words, word_offsets = pc.struct_field(turns, "traits").flatten(), _offsets(pc.struct_field(turns, "traits"))
        turn = _flags(pc.is_in(pc.struct_field(turns, "role"), pa.array(_WRITTEN)))
        turn[owners(word_offsets)[_flags(pc.equal(words, ADDED))]] = True
        again = _any(turn, offsets)
        if self.videos:
            kinds = pc.struct_field(batch["media"].flatten(), "kind")
            again |= _any(_flags(pc.equal(kinds, "video")), _offsets(batch["media"]))
        return again & known

    def under_model(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Records that read alike, with the turns that they have under the other model."""
        if not (self.drops or self.added):
            return batch
        turns, offsets = batch["turns"].flatten(), _offsets(batch["turns"])
        if not len(turns):
            return batch
        first = np.zeros(len(turns), bool)
        first[offsets[:-1][np.diff(offsets) > 0]] = True
        system = _flags(pc.equal(pc.struct_field(turns, "role"), "system"))
        encoded = _flags(pc.is_valid(pc.struct_field(turns, "text_tokens")))
        own = first & system & (pc.struct_field(turns, "num_characters").to_numpy(zero_copy_only=False) > 0)
        goes = first & system & ~own & encoded & self.drops
        begins = first & encoded & ~own & bool(self.added)
        stays = np.flatnonzero(~goes)
        places = np.insert(stays + 1, np.searchsorted(stays, np.flatnonzero(begins)), 0)
        opening = pa.array([_opening(self.added)], turns.type)
        gone = offsets_of(goes.astype(np.int64) - begins)[offsets]
        lists = pa.ListArray.from_arrays(
            pa.array(offsets - gone, pa.int32()),
            pa.concat_arrays([opening, turns]).take(pa.array(places)),
            type=batch.schema.field("turns").type,
        )
        return batch.set_column(batch.schema.get_field_index("turns"), batch.schema.field("turns"), lists)


def same_text(run: Settings, other: Settings) -> SameText:
    """What is known of the rows of a run under the settings of another model. Raises ValueError where its trainer does
    not reproduce that.
    """
    before, after = load_processor(run.processor), load_processor(other.processor)
    old, new = (_template(settings, processor) for settings, processor in ((run, before), (other, after)))
    alike = replace(old, default_system=new.default_system) == new and type(old) is type(new) is Template
    alike &= old.expands_all or old.default_system == new.default_system
    if not alike or run.profile.fills_objects or not _same_words(before, after, run.default_system):
        return SameText(none=True)
    videos = any(
        settings.profile.writes_times(processor, _named(settings))
        for settings, processor in ((run, before), (other, after))
    )
    if run.default_system is not None or old.default_system == new.default_system:
        return SameText(none=False, videos=videos)
    written = SYSTEM[0] + new.default_system + SYSTEM[1] if new.default_system else ""
    added = len(after.encoder.encode(written)) if written else 0
    return SameText(none=False, videos=videos, drops=bool(old.default_system), added=added)


def _same_words(before: Processor, after: Processor, default_system: str | None) -> bool:
    """Whether vocabularies differ in tokens alone that are looked for in rows (ADDED)."""
    if not isinstance(before.encoder, RankEncoder) or not isinstance(after.encoder, RankEncoder):
        return False
    differing = before.encoder.special_tokens.keys() ^ after.encoder.special_tokens.keys()
    looked_for = differing <= {*LATER_TOKENS, *LATEST_TOKENS}
    return looked_for and not any(token in (default_system or "") for token in differing)


def _template(settings: Settings, processor: Processor) -> Template:
    return settings.profile.template(processor, _named(settings))


def _named(settings: Settings) -> str | None:
    return settings.template if "template" in settings.profile.options else None


def _opening(tokens: int) -> dict[str, object]:
    """A system turn that is no message."""
    return {"role": "system", "text_tokens": [tokens], "slots": [], "loose_pads": [], "loose_video_pads": [],
            "special_tokens": [], "traits": [], "num_characters": 0, "blank": False}  # fmt: skip


def _any(flags: Flags, offsets: Ints) -> Flags:
    return np.diff(offsets_of(flags)[offsets]) > 0


def _offsets(lists: pa.Array) -> Ints:
    lengths = pc.fill_null(pc.cast(pc.list_value_length(lists), pa.int64()), 0)
    return offsets_of(lengths.to_numpy(zero_copy_only=False))


def _flags(values: pa.Array) -> Flags:
    return pc.fill_null(values, False).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
