"""The page's side of :mod:`demos.serving.connection`, which has to run before Gradio's own scripts."""

from __future__ import annotations

import json
from collections.abc import Mapping

from engine.contracts.messages import Message

AWAY = Message("The connection is interrupted. Your work is kept; trying again…")


def script(away: Mapping[str, str], seconds: float) -> str:
    """What the page does: ask for a broken stream again, send calls again that did not arrive, say that it is closed.

    Args:
        away: language -> what is shown meanwhile.
        seconds: after which it gives up, and Gradio loads the page again.
    """
    return _SCRIPT.replace("AWAY_WORDS", json.dumps(dict(away))).replace("AWAY_MILLISECONDS", f"{1000 * seconds:.0f}")


_SCRIPT = """<script>(() => {
  const plain = window.fetch.bind(window), away = AWAY_WORDS;
  const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));
  const id = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (each) => each.toString(16)).join('');
  let interrupted = 0, visit = '', closed = '';
  function tell() {
    let line = document.getElementById('away');
    if (!line && interrupted) {
      line = document.body.appendChild(Object.assign(document.createElement('div'), {id: 'away'}));
      line.setAttribute('role', 'status');
      line.textContent = away[navigator.language] || '';
      line.style.cssText = 'position: fixed; bottom: 0; left: 0; right: 0; z-index: 1000; padding: .6rem 1rem; '
        + 'text-align: center; font: 14px system-ui, sans-serif; background: #292524; color: #fafaf9';
    } else if (line && !interrupted) line.remove();
  }
  async function answered(ask, signal) {
    const end = Date.now() + AWAY_MILLISECONDS;
    let told = false;
    try {
      for (;;) {
        try { return await ask(); } catch (problem) {
          if (signal?.aborted || Date.now() > end) throw problem;
          if (!told) { told = true; interrupted += 1; tell(); }
          await pause(1);
        }
      }
    } finally { if (told) { interrupted -= 1; tell(); } }
  }
  async function stream(address, options) {
    let got = 0, rest = '', last = false, reader, decoder, quiet;
    address.searchParams.set('line', id());
    const open = () => answered(async () => {
      address.searchParams.set('got', got);
      quiet = new AbortController();
      options?.signal?.addEventListener('abort', () => quiet.abort());
      const response = await plain(address, {...options, signal: quiet.signal});
      if ([502, 503, 504].includes(response.status)) throw new Error('a proxy is there, the server is not');
      [rest, decoder, reader] = ['', new TextDecoder(), response.body.getReader()];
      return response;
    }, options?.signal);
    async function read() {
      const watch = setTimeout(() => quiet.abort(), 45000);  // the server says something every 15 seconds
      try { return await reader.read(); } finally { clearTimeout(watch); }
    }
    const first = await open();
    if (!first.ok) return new Response(null, {status: first.status, headers: first.headers});
    const body = new ReadableStream({
      async pull(out) {
        for (;;) {
          try {
            const {done, value} = await read();
            if (done && last) return out.close();
            if (done) throw new Error('the connection was cut');
            rest += decoder.decode(value, {stream: true});
            const whole = rest.split('\\n\\n');
            rest = whole.pop();
            if (!whole.length) continue;
            got += whole.length;
            last = whole.at(-1).includes('"close_stream"');
            return out.enqueue(new TextEncoder().encode(whole.join('\\n\\n') + '\\n\\n'));
          } catch (problem) {
            if (options?.signal?.aborted) return out.error(problem);
            try {
              const next = await open();
              if (!next.ok) return out.error(problem);
            } catch { return out.error(problem); }
          }
        }
      },
      cancel() { quiet.abort(); },
    });
    return new Response(body, {headers: first.headers});
  }
  window.fetch = (asked, options) => {
    const address = new URL(asked instanceof Request ? asked.url : asked, location.href);
    if (address.origin !== location.origin) return plain(asked, options);
    const session = address.pathname.match(/\\/gradio_api\\/heartbeat\\/(\\w+)$/);
    if (session) [visit, closed] = [session[1], address.pathname.replace('/heartbeat/', '/closed/')];
    if (session || address.pathname.endsWith('/gradio_api/queue/data')) return stream(address, {
      headers: asked.headers, credentials: asked.credentials, signal: asked.signal, ...options,
    });
    const calls = /\\/(queue\\/join|run\\/\\w+|cancel)$/;
    if (!(asked instanceof Request) && calls.test(address.pathname)) {
      address.searchParams.set('call', id());
      return answered(() => plain(address, options), options?.signal);
    }
    if (address.pathname.endsWith('/gradio_api/upload') && visit) {
      address.searchParams.set('session', visit);  // what is uploaded belongs to this visit
      return plain(address, options);
    }
    return plain(asked, options);
  };
  addEventListener('pagehide', () => closed && navigator.sendBeacon(closed));
  addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });  // come back to a closed page
})();</script>"""
