"""Under which trainers a rule holds: a property of theirs. A tuple of names of families does for rules of users."""

from __future__ import annotations

from collections.abc import Callable

from validator.catalog.entry import OWN
from validator.trainers.base import Trainer

Scope = Callable[[Trainer], bool] | tuple[str, ...]


def holds(scope: Scope, trainer: Trainer) -> bool:
    """Whether rules of a scope hold under a trainer."""
    return trainer.family in scope if isinstance(scope, tuple) else scope(trainer)


def every(trainer: Trainer) -> bool:
    """All trainers."""
    return True


def pairing(trainer: Trainer) -> bool:
    """Trainers whose rows are questions and answers by turns, in the words of the entry."""
    return trainer.pairs_turns


def counting(trainer: Trainer) -> bool:
    """Trainers that want as many placeholders as media."""
    return trainer.strict_placeholders


def replayed(trainer: Trainer) -> bool:
    """Trainers by which replay feeds a model."""
    return trainer.is_replayed


def completing(trainer: Trainer) -> bool:
    """Trainers that add placeholders which are missing, and leave those that are too many as text."""
    return not trainer.strict_placeholders


def filling(trainer: Trainer) -> bool:
    """Trainers that fill references and boxes into the text."""
    return trainer.fills_objects


def sampling_pairs(trainer: Trainer) -> bool:
    """Trainers that stop at a video of one frame, at least for models that are told when frames are shown."""
    video = trainer.video
    return video is not None and (video.sampler == "smart-nframes" or video.told is not None)


def feeding_every_frame(trainer: Trainer) -> bool:
    """Trainers that feed every frame of a video, but to models that are told when frames are shown."""
    return trainer.video is not None and trainer.video.sampler in ("every", "up-to-most")


def reading_by_others(trainer: Trainer) -> bool:
    """Trainers that are installed without the package that reads videos."""
    return trainer.video is not None and trainer.video.reader != ""


def numbering_frames(trainer: Trainer) -> bool:
    """Trainers that tell models when frames are shown by their numbers among those that were sampled before."""
    video = trainer.video
    return video is not None and video.told is not None and video.told.sampled_twice


def by_environment(trainer: Trainer) -> bool:
    """Trainers that are told by the environment how media are sampled and resized."""
    return trainer.video is not None and trainer.video.by_environment


def mixing_times(trainer: Trainer) -> bool:
    """Trainers that may tell a video with the times of another."""
    return trainer.mixes_times


def saving_again(trainer: Trainer) -> bool:
    """Trainers that save again what their loader has decoded."""
    return trainer.saves_images_again


def deleting(trainer: Trainer) -> bool:
    """Trainers that may leave out a row for its length."""
    return "truncation_strategy" in trainer.options


def parsing(trainer: Trainer) -> bool:
    """Trainers that parse tools and calls."""
    return trainer.parses_tools


def taking_jsons(trainer: Trainer) -> bool:
    """Trainers whose loader reads text that is JSON where other values stand beside it."""
    return trainer.loader.mixes and not trainer.loader.plain


def batching_as_they_come(trainer: Trainer) -> bool:
    """Trainers that cannot batch rows with images and rows without."""
    return not trainer.mixes_modalities


def reading_own(trainer: Trainer) -> bool:
    """Trainers that read data in layouts of their own, without a registry."""
    return OWN in trainer.formattings


def learning_questions(trainer: Trainer) -> bool:
    """Trainers that read such data and may learn all of it."""
    return reading_own(trainer) and trainer.first_is_label


def masking(trainer: Trainer) -> bool:
    """Trainers that mask labels by assistant_only_loss and completion_only_loss."""
    return "assistant_only_loss" in trainer.options


def joining(trainer: Trainer) -> bool:
    """Trainers whose training file names several data, which are put into one table."""
    return masking(trainer) or feeding_whole(trainer)


def narrowing(trainer: Trainer) -> bool:
    """Trainers that narrow images before the processor resizes them."""
    return "resize" in trainer.options


def splitting(trainer: Trainer) -> bool:
    """Trainers that make a sample of each answer."""
    return trainer.splits_at_answers


def stopping_at_cut_media(trainer: Trainer) -> bool:
    """Trainers that feed a medium of which tokens are cut."""
    return not trainer.removes_cut_media


def expanding_in_answers(trainer: Trainer) -> bool:
    """Trainers that take a placeholder in an answer for an image."""
    return trainer.strict_placeholders or trainer.splits_at_answers


def with_media_in_answers(trainer: Trainer) -> bool:
    """Trainers that learn media in answers, or stop at those that the model's template does not write."""
    return expanding_in_answers(trainer) or narrowing(trainer)


def replacing(trainer: Trainer) -> bool:
    """Trainers that convert all rows before they train, and put another in the place of one that fails then."""
    return trainer.stops_at_conversion and not trainer.stops_at_failures


def feeding_whole(trainer: Trainer) -> bool:
    """Trainers whose collator alone reads rows, and feeds them whole: axolotl."""
    return trainer.feeds_long_rows


def finding_answers(trainer: Trainer) -> bool:
    """Trainers that look for the tokens of an answer's header to learn what stands behind, by their nature or asked."""
    return replacing(trainer) or feeding_whole(trainer) or "train_on_responses_only" in trainer.options


def leaving_pads(trainer: Trainer) -> bool:
    """Trainers that feed one token for an image part for which no image is loaded."""
    return narrowing(trainer) or feeding_whole(trainer)
