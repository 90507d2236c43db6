"""Pictures made here: no test needs a file from outside."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy
from PIL import Image, ImageOps

from engine.imaging.tiles import Box


def scene(width: int = 96, height: int = 72) -> Image.Image:
    """A sky, a hill and a sun: something with edges, large shapes and colour."""
    y, x = numpy.mgrid[0:height, 0:width] / max(width, height)
    sky = numpy.stack((0.4 + 0.3 * y, 0.6 + 0.2 * y, 0.9 - 0.2 * y), axis=-1)
    hill = (y > 0.45 + 0.12 * numpy.sin(9 * x))[..., None]
    sun = ((x - 0.7) ** 2 + (y - 0.2) ** 2 < 0.008)[..., None]
    picture = numpy.where(sun, (1.0, 0.9, 0.4), numpy.where(hill, (0.25, 0.45, 0.2), sky))
    return Image.fromarray((picture * 255).astype(numpy.uint8))


def noisy(width: int = 96, height: int = 72) -> Image.Image:
    """A scene with the noise of a camera: something on which a seam would show."""
    noise = numpy.random.default_rng(0).normal(0, 6, (height, width, 3))
    return Image.fromarray((numpy.asarray(scene(width, height)) + noise).clip(0, 255).astype(numpy.uint8))


def hole(width: int = 96, height: int = 72) -> Image.Image:
    """A mask: white in the middle."""
    mask = Image.new("L", (width, height))
    mask.paste(255, (width // 3, height // 3, width // 2, height // 2))
    return mask


def boxed(height: int, width: int, *boxes: Box) -> numpy.ndarray:
    """A mask as an array, True inside of boxes."""
    mask = numpy.zeros((height, width), bool)
    for box in boxes:
        mask[box.top : box.bottom, box.left : box.right] = True
    return mask


def colours(width: int, height: int) -> numpy.ndarray:
    """The scene as ``(height, width, 3)`` in [0, 1], float32."""
    return numpy.asarray(scene(width, height)).astype(numpy.float32) / 255


def small_hole(width: int, height: int) -> numpy.ndarray:
    """A mask as an array, True in the middle."""
    return boxed(height, width, Box(width // 3, height // 3, width // 2, height // 2))


def painting(width: int = 80, height: int = 80) -> Image.Image:
    """Coloured waves: a texture with a palette of its own."""
    y, x = numpy.mgrid[0:height, 0:width]
    phase = 0.5 * x + 3 * numpy.sin(y / 6)
    waves = numpy.stack((128 + 100 * numpy.sin(phase), 90 + 60 * numpy.cos(phase), 60 + 50 * numpy.sin(y / 3)), axis=-1)
    return Image.fromarray(waves.clip(0, 255).astype(numpy.uint8))


EXAMPLES = Path(__file__).parents[2] / "demos" / "examples"


def portrait(name: str = "astronaut") -> Image.Image:
    """One of the hub's examples with a face: ``astronaut``, ``moltedo`` or ``young_woman``, about 500 pixels wide."""
    with Image.open(EXAMPLES / f"{name}.jpg") as image:
        return image.convert("RGB")


FACE_BOXES = {"astronaut": (165, 20, 290, 180), "moltedo": (125, 80, 310, 300), "young_woman": (120, 90, 400, 390)}
"""Where the heads are in the portraits."""


def face(width: int = 160, height: int = 160, name: str = "astronaut") -> Image.Image:
    """A head that fills a picture of any size, with grey beside it."""
    head = portrait(name).crop(FACE_BOXES[name])
    return ImageOps.pad(head, (width, height), Image.Resampling.LANCZOS, color=(128, 128, 128))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The image as the bytes of a file."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)  # type: ignore[arg-type]
    return stream.getvalue()


def png_claiming(width: int, height: int, *, depth: int = 8, colour: int = 2, rows: bytes = b"") -> bytes:
    """A PNG whose header claims a size; the pixel data may be missing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(rows or b"\0" * 64))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def deep_rgb_png(values: numpy.ndarray) -> bytes:
    """A 16-bit RGB PNG of ``(H, W, 3)`` values, which Pillow can read but not write."""
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return png_claiming(width, height, depth=16, colour=2, rows=rows)


def refused() -> dict[str, tuple[bytes, str]]:
    """Name -> bytes and a word of the sentence that refuses them."""
    photo = scene()
    return {
        "bomb.png": (png_claiming(10_000, 10_000), "million pixels"),
        "huge.png": (png_claiming(100_000, 100_000), "million pixels"),
        "truncated.jpg": (encoded(photo, "JPEG")[:700], "damaged"),
        "truncated.png": (encoded(photo, "PNG")[:300], "damaged"),
        "text.png": (b"hello, I am not a picture\n" * 20, "not a picture"),
        "empty.png": (b"", "empty"),
        "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        "drawing.png": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        "photo.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64, "HEIC"),
        "dot.png": (encoded(photo.resize((1, 1)), "PNG"), "at least 16"),
        "thread.png": (encoded(photo.resize((5, 4000)), "PNG"), "at least 16"),
        "float.tiff": (encoded(Image.new("F", (32, 32), 0.5), "TIFF"), "Floating-point"),
        "pages.pdf": (b"%PDF-1.7\n" + b"\0" * 100, "not a picture"),
    }


def accepted() -> dict[str, tuple[bytes, str]]:
    """Name -> bytes and a word of the door's note ("" for none)."""
    photo = scene()
    half = photo.convert("RGBA")
    half.putalpha(128)
    grey = Image.fromarray((numpy.asarray(photo.convert("L")).astype(numpy.uint16)) * 257)
    frames = {"save_all": True, "append_images": [painting(96, 72)]}
    return {
        "plain.png": (encoded(photo, "PNG"), ""),
        "plain.jpg": (encoded(photo, "JPEG"), ""),
        "plain.bmp": (encoded(photo, "BMP"), ""),
        "plain.tiff": (encoded(photo, "TIFF"), ""),
        "plain.avif": (encoded(photo, "AVIF"), ""),
        "animated.gif": (encoded(photo, "GIF", **frames), "first of 2 frames"),
        "animated.webp": (encoded(photo, "WEBP", **frames), "first of 2 frames"),
        "cmyk.jpg": (encoded(photo.convert("CMYK"), "JPEG"), "CMYK to sRGB"),
        "grey16.png": (encoded(grey, "PNG"), "16 bits reduced to 8"),
        "rgb16.png": (deep_rgb_png(numpy.asarray(photo).astype(numpy.uint16) * 257), "16 bits reduced to 8"),
        "palette.png": (encoded(photo.quantize(256), "PNG"), ""),
        "bilevel.png": (encoded(photo.convert("1"), "PNG"), ""),
        "la.png": (encoded(half.convert("LA"), "PNG"), "transparency put on white"),
        "rgba.png": (encoded(half, "PNG"), "transparency put on white"),
        "long.png": (encoded(photo.resize((4000, 40)), "PNG"), ""),
    }


def saved(image: Image.Image, path: Path) -> Path:
    """Write an image and return its path."""
    image.save(path)
    return path
