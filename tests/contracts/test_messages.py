"""What a person is told can be said in any language, with its values, and travels between processes."""

from __future__ import annotations

import pickle

import pytest

from engine.contracts.messages import Listing, Message, said, unknown_name

GERMAN = {
    "{width} x {height} pixels": "{width} mal {height} Pixel",
    "{part}: {stage}": "{stage} ({part})",
    "photo": "Foto",
    "waiting": "wartet",
    "Use {methods}.": "Nimm {methods}.",
    "100 %": "100 Prozent",
}


def german(template: str) -> str:
    """A template in German; English where nobody has translated it."""
    return GERMAN.get(template, template)


def test_fields_take_their_values() -> None:
    message = Message("{width} x {height} pixels", width=5, height=4000)
    assert str(message) == "5 x 4000 pixels"
    assert message.values == {"width": 5, "height": 4000}
    assert message.said(german) == "5 mal 4000 Pixel"


def test_fields_are_formatted_as_the_template_says() -> None:
    assert str(Message("{megapixels:.1f} MP of {name!r}", megapixels=12.345, name="a")) == "12.3 MP of 'a'"


def test_a_message_inside_a_message_is_said_in_the_same_language() -> None:
    message = Message("{part}: {stage}", part=Message("photo"), stage=Message("waiting"))
    assert str(message) == "photo: waiting"
    assert message.said(german) == "wartet (Foto)"


def test_a_text_without_values_is_said_as_it_is() -> None:
    assert str(Message("100 %")) == "100 %"
    assert str(Message("a {brace} that is no field")) == "a {brace} that is no field"
    assert Message("100 %").said(german) == "100 Prozent"


def test_what_nobody_has_translated_is_english() -> None:
    assert Message("{count} runs", count=2).said(german) == "2 runs"


def test_a_value_that_is_missing_is_a_mistake_of_the_program() -> None:
    with pytest.raises(KeyError):
        str(Message("{width} x {height} pixels", width=5))


def test_messages_are_equal_by_template_and_values() -> None:
    one = Message("{count} runs", count=2)
    assert one == Message("{count} runs", count=2)
    assert one != Message("{count} runs", count=3)
    assert one != Message("{count} pictures", count=2)
    assert one != "2 runs"
    assert len({one, Message("{count} runs", count=2), Message("{count} runs", count=3)}) == 2
    assert Message("{part}", part=Message("photo")) == Message("{part}", part=Message("photo"))


def test_a_message_with_a_list_as_a_value_can_be_a_key() -> None:
    assert {Message("{sizes}", sizes=[1, 2]): "there"}[Message("{sizes}", sizes=[1, 2])] == "there"


@pytest.mark.parametrize(
    "message",
    [
        Message("photo"),
        Message("{width} x {height} pixels", width=5, height=4000),
        Message("{part}: {stage}", part=Message("photo"), stage=Listing([Message("waiting"), "relu1_1"])),
    ],
    ids=["plain", "with values", "nested"],
)
def test_a_message_travels_to_another_process(message: Message) -> None:
    copy = pickle.loads(pickle.dumps(message))
    assert copy == message
    assert copy.said(german) == message.said(german)


def test_the_name_of_a_value_may_be_any() -> None:
    """The template is given by position, so that it takes no name away."""
    assert str(Message("{template} {self}", template="a", self="b")) == "a b"
    assert pickle.loads(pickle.dumps(Message("{template}", template="a"))).values == {"template": "a"}


def test_its_representation_shows_template_and_values() -> None:
    assert repr(Message("photo")) == "Message('photo')"
    assert repr(Message("{count} runs", count=2)) == "Message('{count} runs', {'count': 2})"


def test_a_listing_says_its_parts() -> None:
    listing = Listing([Message("photo"), "relu1_1", Listing([Message("waiting"), "b"], separator=" + ")])
    assert str(listing) == "photo, relu1_1, waiting + b"
    assert listing.said(german) == "Foto, relu1_1, wartet + b"
    assert str(Listing([])) == ""


def test_a_listing_in_a_message_is_said_in_the_same_language() -> None:
    message = Message("Use {methods}.", methods=Listing([Message("photo"), Message("waiting")], separator=" or "))
    assert str(message) == "Use photo or waiting."
    assert message.said(german) == "Nimm Foto or wartet."


def test_only_messages_and_listings_are_translated() -> None:
    assert said("photo", german) == "photo"
    assert said(3, german) == 3
    assert said(Message("photo"), german) == "Foto"
    assert said(Listing([Message("photo")]), german) == "Foto"


def test_an_unknown_name_comes_with_the_nearest_one() -> None:
    message = unknown_name(Message("task"), "style_v1", ["style-v1", "inpainting"])
    assert message.values == {"kind": Message("task"), "name": "style_v1", "nearest": "style-v1"}
    assert str(message) == "There is no task 'style_v1'; did you mean 'style-v1'?"


def test_an_unknown_name_that_is_like_none_comes_with_all_of_them() -> None:
    message = unknown_name(Message("task"), "xyzzy", (name for name in ("style-v1", "inpainting")))
    assert message.values["name"] == "xyzzy"
    assert message.values["known"] == Listing(("style-v1", "inpainting"))
    assert str(message) == "There is no task 'xyzzy'; there are style-v1, inpainting."
