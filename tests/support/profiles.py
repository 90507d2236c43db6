"""Small colour profiles (ICC, version 2), made by hand."""

from __future__ import annotations

import struct

_WHITE = (0.9642, 1.0, 0.8249)
_PRIMARIES = {"r": (0.4361, 0.2225, 0.0139), "g": (0.3851, 0.7169, 0.0971), "b": (0.1431, 0.0606, 0.7141)}
"""Those of sRGB, seen under the white of profiles."""


def profile(name: str, gamma: float, *, grey: bool = False) -> bytes:
    """A profile of one curve, with sRGB's primaries or for grey."""
    tags = {b"desc": _described(name), b"cprt": b"text\0\0\0\0none\0", b"wtpt": _xyz(_WHITE)}
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    if grey:
        tags[b"kTRC"] = curve
    else:
        for channel, primary in _PRIMARIES.items():
            tags[f"{channel}XYZ".encode()] = _xyz(primary)
            tags[f"{channel}TRC".encode()] = curve
    start = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for tag, data in tags.items():
        table += tag + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    kind = b"GRAY" if grey else b"RGB "
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"test", 0x02400000, b"mntr", kind, b"XYZ ")
    head += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + _s15(_WHITE)
    return head + bytes(128 - len(head)) + table + body


def _described(name: str) -> bytes:
    text = name.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(8 + 3 + 67)


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + _s15(values)


def _s15(values: tuple[float, float, float]) -> bytes:
    return struct.pack(">3i", *(round(65536 * each) for each in values))


LINEAR = profile("GIMP built-in Linear sRGB", 1.0)
"""Light itself, by a name that has sRGB in it."""
GREY = profile("Grey, gamma 2.2", 2.2, grey=True)
