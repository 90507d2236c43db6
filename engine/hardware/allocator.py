"""How the C library keeps memory that was freed.

What is larger than 32 MiB, glibc gives back to the machine at once, and every page of the next such tensor comes anew,
filled with zeros: with that, a descent at 1024 pixels took a sixth longer, and style V2 at 512 half as long again.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress

LARGE = 40 * 2**20
"""Bytes from which on memory is given back at once: a little more than the largest features of a picture of 512 pixels.
With much more, a descent on 2048 pixels needs half as much memory again."""
SPARE = 256 * 2**20
"""Bytes at the end of the heap that are kept."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Names of glibc's parameters, from its malloc.h."""


def keep_freed_memory() -> None:
    """Keep freed memory of this process for the next tensors, up to :data:`LARGE` each; with other C libraries nothing.

    All threads share one heap, for those of glibc's further threads take nothing larger than 64 MiB.
    """
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, LARGE)
        mallopt(_TRIM_THRESHOLD, SPARE)
        mallopt(_ARENA_MAX, 1)


def give_back_freed_memory() -> None:
    """Give all memory that was freed back to the machine."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
