"""Content of the page before Gradio builds it: the choice of a language, and something to read. ASGI middleware."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ENGLISH, CHINESE = "en", "zh-CN"
COOKIE = "pentimento_language"
"""Name of the cookie that keeps the visitor's choice of a language."""
CARDS = "cards"
"""Where in the page's address the pictures of Home's links are."""
LANGUAGE = "lang"
"""Name of the language in the page's address."""
CHOOSE = f"""<script>(function () {{
  const asked = new URLSearchParams(location.search).get('{LANGUAGE}');
  const kept = (document.cookie.match(/(?:^|; ){COOKIE}=([^;]*)/) || [])[1];
  const language = /^zh/i.test(asked || kept || navigator.language) ? '{CHINESE}' : '{ENGLISH}';
  document.cookie = '{COOKIE}=' + language + '; path=/; max-age=31536000; SameSite=Lax';
  Object.defineProperty(navigator, 'language', {{value: language, configurable: true}});
}})();</script>"""
"""Before the page's own scripts choose a language: by the address, the cookie, the browser."""


def language_of(scope: Scope) -> str:
    """The language of the page that sends a request, by its address, the cookie, the browser."""
    referer = dict(scope["headers"]).get(b"referer", b"").decode("latin-1")
    return _language(scope, parse_qs(urlsplit(referer).query).get(LANGUAGE, [""])[0])


def _language(scope: Scope, asked: str) -> str:
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    kept = re.search(rf"(?:^|; ){COOKIE}=([^;]*)", headers.get(b"cookie", ""))
    return first_of(asked, kept[1] if kept else "", headers.get(b"accept-language", ""))


def first_of(*wishes: str) -> str:
    """The page's language for the first wish that is not empty."""
    wanted = next(filter(None, wishes), "")
    return CHINESE if wanted.lower().startswith("zh") else ENGLISH


@dataclass(frozen=True)
class Front:
    """What stands in the page besides Gradio's own."""

    leads: Mapping[str, str]
    """Language -> what the page is for."""
    cards: Mapping[str, str]
    """Language -> Home's links, HTML."""
    pictures: Mapping[str, Path]
    """Their pictures, by name."""
    css: str
    """Style sheet of the links."""
    scripts: str
    """Further scripts, which have to run before the page's own."""
    full: Mapping[str, str]
    """Language -> what an upload is answered when there is no room."""


def shell(front: Front, language: str, query: Mapping[str, list[str]]) -> str:
    """Title, lead and Home's links, until Gradio's own are there: they work before its scripts are loaded.

    Args:
        front: see there.
        language: of the page.
        query: of its address; a page that opens a task has no links.
    """
    cards = "" if {"task", "try"} & set(query) else front.cards.get(language, "")
    if LANGUAGE in query:
        cards = cards.replace('href="?', f'href="?{LANGUAGE}={language}&amp;')
    return f"""<style>{front.css}</style>
    <div id="front" style="position: absolute; inset: 0; padding: 1.4rem 2rem; box-sizing: border-box;
      font-family: system-ui, sans-serif; color: light-dark(#292524, #f5f5f4); color-scheme: light dark">
      <p style="font-size: 1.6rem; font-weight: 700; margin: 0 0 1rem">Pentimento</p>
      <p>{html.escape(front.leads.get(language, ""))}</p>{cards}</div>
    <script>new MutationObserver((_, seen) => {{
      if (!document.querySelector('.gradio-container :is(h1, form, input)')) return;  // the page, or its login
      document.getElementById('front').remove();
      seen.disconnect();
    }}).observe(document.body, {{childList: true, subtree: true}});</script>"""


class Prerender:
    """Puts all of that into the page.

    Args:
        app: what is served.
        front: see there.
    """

    def __init__(self, app: ASGIApp, front: Front) -> None:
        self._app = app
        self._head = (CHOOSE + front.scripts).encode()
        self._front = front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, with the page changed."""
        if scope["type"] != "http" or scope["path"] != "/":
            await self._app(scope, receive, send)
            return
        start: list[Message] = []
        query = parse_qs(scope["query_string"].decode("latin-1"))
        front = shell(self._front, _language(scope, query.get(LANGUAGE, [""])[0]), query).encode()

        async def changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.append(message)
                return
            if start:
                before = start.pop()
                body = message.get("body", b"")
                page = body.replace(b"<head>", b"<head>" + self._head, 1)
                message = {**message, "body": page.replace(b"<gradio-app", front + b"<gradio-app", 1)}
                longer = len(message["body"]) - len(body)
                before["headers"] = [
                    (name, str(int(value) + longer).encode() if name == b"content-length" else value)
                    for name, value in before["headers"]
                ]
                await send(before)
            await send(message)

        await self._app(scope, receive, changed)
