"""IPTC's digital source type in a file's XMP: the statement that a trained network has made a picture."""

from __future__ import annotations

import re

from PIL import Image

COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's digital source types of what a trained network has made: a part of the picture, or all of it."""
XMP_KEY = "XML:com.adobe.xmp"
"""Keyword of the text of a PNG that holds XMP."""
_XMP_LIMIT = 1_000_000
"""Bytes of XMP that are looked through."""


def xmp(source_type: str) -> str:
    """A packet of XMP that states a digital source type, as IPTC's photo metadata standard has it."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        f'xmp:CreatorTool="Pentimento" Iptc4xmpExt:DigitalSourceType="{source_type}"/></rdf:RDF></x:xmpmeta>'
        '<?xpacket end="w"?>'
    )


def stated_source(image: Image.Image) -> str | None:
    """That a trained network has made the picture or a part of it, where the file's XMP says so.

    What was made once stays made: a task that gives back the file's metadata hands this on. Nothing else of the XMP is
    kept, for it may hold anything.
    """
    xmp = image.info.get("xmp") or image.info.get(XMP_KEY) or b""
    text = (xmp if isinstance(xmp, bytes) else str(xmp).encode())[:_XMP_LIMIT]
    ends = rb"[\"'<\s]"
    return next((each for each in (COMPOSITE, GENERATED) if re.search(re.escape(each.encode()) + ends, text)), None)
