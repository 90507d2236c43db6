"""Memory that is reserved before it is needed, so that many visitors at once wait instead of filling the machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Reserved:
    """So many bytes for everybody together.

    Args:
        capacity: of them.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity, self._taken = capacity, 0
        self._changed = threading.Condition()

    @contextmanager
    def bytes(self, count: int) -> Iterator[None]:
        """While inside, so many bytes are taken; waits until they are free. What needs more than all takes all."""
        count = min(count, self._capacity)
        with self._changed:
            self._changed.wait_for(lambda: self._taken + count <= self._capacity)
            self._taken += count
        try:
            yield
        finally:
            with self._changed:
                self._taken -= count
                self._changed.notify_all()
