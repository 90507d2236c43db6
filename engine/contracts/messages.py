"""Messages for a person: a marked template with its values, so that it can be translated into any language.

Every visible text of the engine is written as ``Message("...")``; the catalogue of translations is made from these
calls (``make messages``), and the types of what shows texts refuse a plain ``str``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Translate = Callable[[str], str]
"""English template -> the template in a language."""


def english(template: str) -> str:
    """The template itself."""
    return template


class Message:
    """One thing to say; ``str(message)`` says it in English.

    Args:
        template: English, with named fields as in ``str.format``: ``"{width} x {height} pixels"``.
        values: what stands in the fields; a value that is a message is said in the same language.
    """

    __slots__ = ("template", "values")

    def __init__(self, template: str, /, **values: Any) -> None:
        self.template = template
        self.values: Mapping[str, Any] = values

    def said(self, translate: Translate = english) -> str:
        """The text in the language of ``translate``."""
        words = translate(self.template)
        if not self.values:
            return words
        return words.format(**{name: said(value, translate) for name, value in self.values.items()})

    def __str__(self) -> str:
        return self.said()

    def __repr__(self) -> str:
        return f"Message({self.template!r}, {dict(self.values)!r})" if self.values else f"Message({self.template!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return self.template == other.template and self.values == other.values

    def __hash__(self) -> int:
        return hash(self.template)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.template, dict(self.values))


def _rebuilt(template: str, values: Mapping[str, Any]) -> Message:
    return Message(template, **values)


@dataclass(frozen=True)
class Listing:
    """Several messages in a row, such as ``"relu3_1, relu4_1"``; a value of a message, or a text of its own."""

    parts: Sequence[Message | Listing | str]
    separator: str = ", "

    def said(self, translate: Translate = english) -> str:
        """The text in the language of ``translate``; the separator is the same in all of them."""
        return self.separator.join(said(part, translate) for part in self.parts)

    def __str__(self) -> str:
        return self.said()


Text = Message | Listing
"""A text for a person that can be translated."""


def said(value: Any, translate: Translate = english) -> Any:
    """A message or a listing in a language; anything else as it is."""
    return value.said(translate) if isinstance(value, Message | Listing) else value


def unknown_name(kind: Message, name: str, known: Iterable[str]) -> Message:
    """A sentence about a name that does not exist, with what was probably meant."""
    names = tuple(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return Message("There is no {kind} {name!r}; did you mean {nearest!r}?", kind=kind, name=name, nearest=near[0])
    return Message("There is no {kind} {name!r}; there are {known}.", kind=kind, name=name, known=Listing(names))


def declared(text: str) -> Message:
    """A label, sentence or choice of a parameter: plain text in its class, from where the catalogue takes it."""
    return Message(text)
