"""Scripts and styles of Gradio's page: packed once, kept by browsers for good, and two of them made quicker."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from gradio.route_utils import BUILD_PATH_LIB
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

FOLDER = Path(BUILD_PATH_LIB)
FOR_GOOD, ASK_FIRST = "public, max-age=31536000, immutable", "no-cache"
"""Values of ``cache-control``. Gradio's names change with what is in the files; it says nothing itself (6.31), so that
browsers ask for 170 files again and again."""
HASHED = re.compile(r"[\w.-]+-[\w-]{8,10}\.[a-z0-9]+")
"""Names that have a hash of the file in them."""
PACKED = ("text/", "application/javascript", "image/svg")
"""Beginnings of the types that gzip makes smaller."""


class Mend(NamedTuple):
    """A passage of one of Gradio's scripts, and the same made quicker; both do the same."""

    file: str
    """Beginning of its name."""
    slow: str
    quick: str


MENDS = (
    # Which events a component has is looked for through all events of the page, for each component anew: with a
    # thousand components and four hundred events that took half of the time until the page was there. An index.
    Mend(
        "core-",
        "find_attached_events(e,t){let n=t.filter(t=>t.targets.find(([t])=>t===e.id)).map(t=>{"
        "let n=t.targets.find(([t])=>t===e.id);return n?n[1]:null}).filter(Boolean);"
        "return e.props.shared_props.attached_events=n,e}",
        "find_attached_events(e,t){let a=this.events_of??=new WeakMap,n=a.get(t);"
        "if(!n){n=new Map;for(let d of t){let s=new Set;for(let[i,name]of d.targets)"
        "if(!s.has(i)){s.add(i);if(name)n.has(i)?n.get(i).push(name):n.set(i,[name])}}a.set(t,n)}"
        "return e.props.shared_props.attached_events=[...n.get(e.id)??[]],e}",
    ),
    # A component is searched through the whole page, for each one that an event touches and for each that ever had a
    # progress, at every frame of a run: in a long visit half of a browser's work. The way to it is kept, gone again.
    Mend(
        "core-",
        "function Z(e,t){if(e.id===t)return e;if(e.children)for(let n of e.children){let e=Z(n,t);if(e)return e}"
        "return null}",
        "function Z(e,t){if(e.id===t)return e;let a=Z.ways??=new WeakMap,w=a.get(e);w||a.set(e,w=new Map);"
        "let n=e;for(let i of w.get(t)??[])n=n?.children?.[i];if(n?.id===t)return n;"
        "let f=(e,way)=>{let i=0;for(let n of e.children??[]){let to=[...way,i++];w.set(n.id,to);"
        "if(n.id===t)return n;let s=f(n,to);if(s)return s}return null};return f(e,[])}",
    ),
    # For every event, each component that begins it is searched in the whole page, to set what hardly any event has.
    Mend(
        "Blocks-",
        "async set_event_args(e,t){let n={},",
        "async set_event_args(e,t){if(!Object.keys(t).length)return()=>{};let n={},",
    ),
)
"""For Gradio 6.31; where another version does not have a passage, nothing is changed."""


@dataclass(frozen=True)
class Asset:
    """One file, ready to be sent."""

    content: bytes
    packed: bytes | None
    """The content as gzip; None for types that it makes no smaller."""
    headers: dict[str, str]


@lru_cache(maxsize=512)
def asset(name: str) -> Asset | None:
    """A file of Gradio's page by its name; None where there is no such file."""
    path = FOLDER / name
    if path.parent != FOLDER or not path.is_file():
        return None
    original = path.read_bytes()
    content = original
    for mend in MENDS:
        if name.startswith(mend.file):
            content = content.replace(mend.slow.encode(), mend.quick.encode())
    kept = HASHED.fullmatch(name) and content == original
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    kind = kind.replace("text/javascript", "application/javascript")  # as newer Pythons call it
    headers = {
        "content-type": kind,
        "cache-control": FOR_GOOD if kept else ASK_FIRST,
        "etag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        "vary": "Accept-Encoding",
    }
    packed = gzip.compress(content, 6, mtime=0) if kind.startswith(PACKED) else None
    return Asset(content, packed, headers)


async def _answer(request: Request) -> Response:
    file = await run_in_threadpool(asset, request.path_params["name"])
    if file is None:
        return PlainTextResponse("There is no such file.", status_code=404)
    if request.headers.get("if-none-match", "").removeprefix("W/") == file.headers["etag"]:
        return Response(status_code=304, headers=file.headers)
    if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, headers={**file.headers, "content-encoding": "gzip"})
    return Response(file.content, headers=file.headers)


ROUTE = Route("/assets/{name}", _answer)
"""Stands before Gradio's own for the same addresses."""
