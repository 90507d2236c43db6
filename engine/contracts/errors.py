"""Errors that a visitor may see. ``str(error)`` is one sentence that says what to do, free of server paths."""

from __future__ import annotations


class PentimentoError(Exception):
    """Base of all of them: the app, the command line and the API show the text and no traceback."""


class PictureError(PentimentoError):
    """A file that cannot be used as a picture, or a picture that a task cannot work on."""


class ParameterError(PentimentoError):
    """A parameter outside its range, of the wrong type, or unknown."""


class UnknownNameError(PentimentoError):
    """A task or weights entry that does not exist; the text names the nearest one that does."""


class WeightsError(PentimentoError):
    """Weights that cannot be had now. The subclasses say why."""


class WeightsUnavailableError(WeightsError):
    """Neither shipped nor cached, and the Hub is unreachable, refuses, or does not have the file."""


class WeightsCorruptError(WeightsError):
    """A file whose sha256 is not the catalogue's; it has been removed if it was a download."""


class StorageError(WeightsError):
    """The cache folder cannot take the download: full or read-only."""


class StoppedError(PentimentoError):
    """A run that was stopped before it had anything to keep."""


class BusyError(PentimentoError):
    """No more runs are taken now: of this visitor, or of anybody."""


class ClusterError(PentimentoError):
    """Other machines that should help cannot be reached, or have gone away too often."""


class DeviceMemoryError(PentimentoError):
    """The device ran out of memory."""
