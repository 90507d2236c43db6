"""Names that the server is known by, and the sites whose pages may call it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")
"""Names of this machine."""


SHARED = ".gradio.live"
"""End of the names of Gradio's public links."""


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Who may ask.

    Attributes:
        hosts: names that this server is known by; empty for any, which is right only where it is open to everybody.
        sites: addresses of other sites whose pages may call it, such as ``https://example.org``.
        proxies: how many proxies in front of it are trusted to tell where a visitor is.
    """

    hosts: Sequence[str] = ()
    sites: Sequence[str] = ()
    share: bool = False
    """Whether Gradio gives the server a public link."""
    proxies: int = 0
    api: bool = True
    """Whether programs may ask, too."""

    @property
    def embedded(self) -> bool:
        """Whether other sites show this hub in a frame."""
        return bool(self.sites) or "SPACE_HOST" in os.environ

    def knows(self, host: str) -> bool:
        """Whether a request's Host is this server."""
        return not self.hosts or _name_of(host) in (*self.hosts, *LOOPBACK)

    def may_ask(self, origin: str, hosts: Sequence[str]) -> bool:
        """Whether pages of an origin may call the server that was asked for under these hosts."""
        name = urlsplit(origin).netloc.lower()
        shared = self.share and name.endswith(SHARED)
        return shared or origin in self.sites or name in [host.lower() for host in hosts if host]


def neighbours(hosts: str, sites: str, proxies: int, *, api: bool = True, share: bool = False) -> Neighbours:
    """From the settings, and from what this machine says of itself.

    Args:
        hosts: names separated by commas.
        sites: addresses separated by commas.
        proxies: see :class:`Neighbours`; a Space has one more.
        api: see there.
        share: whether there is a public link, whose name nobody knows before.
    """
    space = os.environ.get("SPACE_HOST", "")
    listens = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")
    named = [each.strip().lower() for each in hosts.split(",") if each.strip()]
    if not named and not share and listens in LOOPBACK and listens != "0.0.0.0" and not space:
        named = [listens]
    own = [urlsplit(os.environ.get("GRADIO_ROOT_PATH", "")).hostname or "", space] if named else []
    return Neighbours(
        hosts=[each for each in (*named, *own) if each],
        sites=[each.strip().rstrip("/") for each in sites.split(",") if each.strip()],
        share=share,
        proxies=proxies or int(bool(space)),
        api=api,
    )


def _name_of(host: str) -> str:
    return (urlsplit(f"//{host}").hostname or "").lower()
