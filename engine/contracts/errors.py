"""Errors that a visitor may see, told apart by their type and by the values of their message.

``str(error)`` is one English sentence that says what to do, free of server paths; ``error.message`` can be said in any
language, and ``error.fields`` are its values: ``{"width": 5, "height": 4000, "minimum": 16}``.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Any

from engine.contracts.messages import Message


class PentimentoError(Exception):
    """Base of all of them: the app, the command line and the API show the sentence and no traceback."""

    def __init__(self, message: Message, /) -> None:
        super().__init__(message)
        self.message = message

    @property
    def fields(self) -> Mapping[str, Any]:
        """The values of the message, by name."""
        return self.message.values

    def __str__(self) -> str:
        return str(self.message)


class PictureError(PentimentoError):
    """A file that cannot be used as a picture, or a picture that a task cannot work on."""


class UnreadablePictureError(PictureError):
    """No picture at all, of a format that is not read here, or damaged."""


class PictureSizeError(PictureError):
    """Too many pixels, too few, or proportions that a task cannot work with."""


class ForeignFileError(PictureError):
    """A file that the visitor names but has not uploaded here."""


class MaskError(PictureError):
    """A mask that marks nothing, nearly everything, or belongs to another picture."""


class FaceError(PictureError):
    """No face, not so many, or one that is too small, too dark or turned too far to be worked on."""


class VideoError(PictureError):
    """A file that cannot be used as a video."""


class ParameterError(PentimentoError):
    """A parameter outside its range, of the wrong type, or unknown."""


class MissingInputError(ParameterError):
    """A picture, video or mask that a task needs and that was not given."""


class TooManyInputsError(ParameterError):
    """More pictures than an input takes."""


class ConsentError(ParameterError):
    """A face swap, or a training on faces, without consent."""


class SettingError(ParameterError):
    """An environment variable with a value that it cannot have, or one that does not exist."""


class RecipeError(ParameterError):
    """JSON that is no recipe of the hub, or a file that keeps none."""


class UnknownNameError(PentimentoError):
    """A task or weights entry that does not exist; the sentence names the nearest one that does."""


class WeightsError(PentimentoError):
    """Weights that cannot be had now. The subclasses say why."""


class WeightsUnavailableError(WeightsError):
    """Neither shipped nor cached, and the Hub is unreachable, refuses, or does not have the file."""


class WeightsCorruptError(WeightsError):
    """A file whose sha256 is not the catalogue's, removed if it was a download; or the catalogue itself."""


class StorageError(WeightsError):
    """The cache folder cannot take the download: full or read-only."""


class OutputError(PentimentoError):
    """A result that cannot be written where it should be."""


class BatchError(PentimentoError):
    """A batch that ended with files that have no result."""


class StoppedError(PentimentoError):
    """A run that was stopped before it had anything to keep."""


class BusyError(PentimentoError):
    """No more runs are taken now: of this visitor, or of anybody."""


class ClusterError(PentimentoError):
    """Other machines that should help cannot be reached, or have gone away too often."""


class DeviceMemoryError(PentimentoError):
    """The device ran out of memory."""


def is_full(error: Exception) -> bool:
    """Whether an error says that the disk has no room left."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def problem_of(error: Exception) -> Message | str:
    """A system's words for what went wrong; libraries raise such errors without any."""
    words = getattr(error, "strerror", "") or ("" if is_full(error) else str(error))
    return words or (Message("no room left on the disk") if is_full(error) else type(error).__name__)
