"""A component of ours that the page draws as the component of Gradio's that it is made of."""

from __future__ import annotations

from typing import Any, TypeVar

K = TypeVar("K", bound=type[Any])


def drawn_as_base(kind: K) -> K:
    """Class decorator: the browser gets the name and the options of the class's base."""
    plain: Any = kind.__base__
    component: Any = kind
    component.is_template = True
    component.get_block_name = lambda self: plain.__name__.lower()
    component.get_config = lambda self, cls=None: plain.get_config(self, plain)
    return kind
