"""How the trainer reads rows under some settings, whatever file they are in."""

from __future__ import annotations

import threading

from validator.facts.budget import Limits
from validator.facts.turn_measure import TurnMeasurer
from validator.models.families import REPRODUCED, of_template
from validator.settings import JUDGING, Settings
from validator.tokens.known_templates import not_reproduced, refused_media
from validator.tokens.processor import Processor, load_processor
from validator.tokens.template import PAD_TOKENS


def limits_of(settings: Settings, processor: Processor) -> Limits:
    """The settings that decide counts, with the processor's own limits."""
    trainer = settings.profile
    image = trainer.image_limits(settings, processor)
    return Limits(image, settings.cutoff_len, settings.mask_history, settings.train_on_prompt, trainer)


def judging_alone(settings: Settings, processor: Processor) -> frozenset[str]:
    """Of the settings that are put to measured facts, those that no fact depends on: `mask_history` takes thoughts out
    of what is encoded where a template forgets them.
    """
    masked = settings.model_copy(update={"mask_history": True})
    unmasked = settings.model_copy(update={"mask_history": False})
    thoughts = [one.profile.template(processor, _named(one)).thoughts for one in (masked, unmasked)]
    return JUDGING - {"mask_history"} if thoughts[0] != thoughts[1] else JUDGING


def _named(settings: Settings) -> str | None:
    return settings.template if "template" in settings.profile.options else None


class Recipe:
    """What the files of a run have in common: how the trainer reads and writes rows under its settings.

    `tells_times`: it is told when frames are shown; `no_times`: its model is, in a way that is not reproduced.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.processor = load_processor(settings.processor)
        self.trainer = settings.profile
        named = _named(settings)
        self.template = self.trainer.template(self.processor, named)
        self.refused_media = refused_media(named or REPRODUCED[0])
        self.not_reproduced = (not_reproduced(named) if named else None) or self.processor.unknown
        family = of_template(named)
        self.tells_times = self.trainer.writes_times(self.processor, named)
        of_times = self.processor.family.times_frames or (family is not None and family.times_frames)
        self.no_times = of_times and not self.tells_times
        video = self.trainer.video
        self.resamples = video is not None and video.told is not None and not self.tells_times
        self.limits = limits_of(settings, self.processor)
        self.pads = {kind: self.processor.token_id(token) for kind, token in PAD_TOKENS.items()}
        self.turns = TurnMeasurer(self.processor.encoder, self.pads).measure


class _Recipes(threading.local):
    """The last one of a thread: files of one run follow each other, and may be many and small."""

    last: Recipe | None = None

    def of(self, settings: Settings) -> Recipe:
        if self.last is None or self.last.settings is not settings:
            self.last = Recipe(settings)
        return self.last


_recipes = _Recipes()


def recipe_of(settings: Settings) -> Recipe:
    """The recipe of some settings, made once for those that are asked for again and again."""
    return _recipes.of(settings)
