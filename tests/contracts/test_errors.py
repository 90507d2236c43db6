"""Errors are told apart by type and fields, also behind the border of a process."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest

from engine.contracts import errors
from engine.contracts.errors import PentimentoError
from engine.contracts.messages import Listing, Message


def descendants(kind: type[PentimentoError]) -> Iterator[type[PentimentoError]]:
    """A type and all that are made of it in the module."""
    yield kind
    for each in kind.__subclasses__():
        if each.__module__ == errors.__name__:
            yield from descendants(each)


KINDS = list(dict.fromkeys(descendants(PentimentoError)))


def test_every_error_of_the_module_is_one_of_ours() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]
    assert set(classes) == set(KINDS)
    assert len(KINDS) > 20


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_travels_to_another_process(kind: type[PentimentoError]) -> None:
    names = Listing([Message("photo"), "mask"])
    error = kind(Message("{width} x {height} pixels of {names}", width=5, height=4000, names=names))
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert copy.message == error.message
    assert copy.fields == {"width": 5, "height": 4000, "names": names}
    assert str(copy) == str(error) == "5 x 4000 pixels of photo, mask"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_is_said_in_any_language(kind: type[PentimentoError]) -> None:
    error = kind(Message("{width} pixels", width=5))
    assert error.message.said({"{width} pixels": "{width} Pixel"}.__getitem__) == "5 Pixel"


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (errors.UnreadablePictureError, errors.PictureError),
        (errors.PictureSizeError, errors.PictureError),
        (errors.ForeignFileError, errors.PictureError),
        (errors.MaskError, errors.PictureError),
        (errors.FaceError, errors.PictureError),
        (errors.VideoError, errors.PictureError),
        (errors.MissingInputError, errors.ParameterError),
        (errors.TooManyInputsError, errors.ParameterError),
        (errors.ConsentError, errors.ParameterError),
        (errors.SettingError, errors.ParameterError),
        (errors.RecipeError, errors.ParameterError),
        (errors.WeightsUnavailableError, errors.WeightsError),
        (errors.WeightsCorruptError, errors.WeightsError),
        (errors.StorageError, errors.WeightsError),
    ],
)
def test_who_catches_the_general_error_catches_the_special_one(
    kind: type[PentimentoError], base: type[PentimentoError]
) -> None:
    with pytest.raises(base):
        raise kind(Message("no"))
    assert not issubclass(base, kind)


def test_an_error_without_values_has_no_fields() -> None:
    assert PentimentoError(Message("no")).fields == {}
