"""Scripts of Gradio's page: sent packed, kept for good, and quicker without doing anything else."""

from __future__ import annotations

import gzip
import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Browser

from demos.serving import assets

CORE = next(path.name for path in assets.FOLDER.glob("core-*.js"))
EVENTS = """([slow, quick, components, events]) => {
  const found = (text) => {
    const tree = eval(`({${text}})`);
    return components.map((id) => {
      const node = {id, props: {shared_props: {}}};
      tree.find_attached_events(node, events);
      return node.props.shared_props.attached_events;
    });
  };
  return [found(slow), found(quick)];
}"""
"""JavaScript: the events of each component, as Gradio finds them and as we do."""

PLACES = """([slow, quick]) => {
  let seed = 1;
  const random = (below) => (seed = seed * 48271 % 2147483647) % below;
  const nodes = [{id: 0, children: []}];
  const grown = () => {
    const node = {id: nodes.length, ...(random(3) ? {children: []} : {})};
    const parents = nodes.filter((each) => each.children);
    parents[random(parents.length)].children.push(node);
    nodes.push(node);
  };
  const changes = [
    grown,
    () => nodes[random(nodes.length)].children?.reverse(),
    () => nodes[random(nodes.length)].children?.shift(),
    () => { const renamed = nodes[random(nodes.length)]; if (renamed.id) renamed.id = -1; },
  ];
  for (let index = 0; index < 200; index++) grown();
  const find = [slow, quick].map((text) => eval(`(() => { ${text}; return Z; })()`));
  let same = true, there = 0;
  for (let index = 0; index < 3000; index++) {
    const wanted = random(nodes.length + 2), [one, other] = find.map((each) => each(nodes[0], wanted));
    same = same && one === other;
    there += one !== null;
    if (!(index % 10)) changes[random(changes.length)]();
  }
  return [same, there];
}"""
"""JavaScript: whether components are found where Gradio finds them while the page changes, and how many of 3000."""


def fetched(url: str, **headers: str) -> Any:
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10)


def test_every_mend_fits_this_gradio() -> None:
    for mend in assets.MENDS:
        files = [path.name for path in assets.FOLDER.glob(f"{mend.file}*.js")]
        mended = [name for name in files if mend.quick.encode() in assets.asset(name).content]  # type: ignore[union-attr]
        assert len(mended) == 1, mend.file
        assert mend.slow.encode() in (assets.FOLDER / mended[0]).read_bytes()
        assert assets.asset(mended[0]).headers["cache-control"] == assets.ASK_FIRST  # type: ignore[union-attr]


def test_components_have_the_events_that_gradio_finds(browser: Browser, app_url: str) -> None:
    with fetched(f"{app_url}/config") as answer:
        config = json.load(answer)
    components = [each["id"] for each in config["components"]]
    events = [{"targets": each["targets"]} for each in config["dependencies"]]
    events += [{"targets": [[components[0], "change"], [components[0], "input"], [components[1], None]]}]
    page = browser.new_page()
    mend = assets.MENDS[0]
    slow, quick = page.evaluate(EVENTS, [mend.slow, mend.quick, components, events])
    page.close()
    assert slow == quick
    assert sum(map(len, slow)) > 300


def test_components_are_found_where_gradio_finds_them(browser: Browser) -> None:
    page = browser.new_page()
    mend = next(each for each in assets.MENDS if each.slow.startswith("function Z("))
    same, there = page.evaluate(PLACES, [mend.slow, mend.quick])
    page.close()
    assert same
    assert 500 < there < 2900


def test_files_are_packed_and_kept(app_url: str) -> None:
    name = next(path.name for path in assets.FOLDER.glob("index-*.js"))
    original = (assets.FOLDER / name).read_bytes()
    with fetched(f"{app_url}/assets/{name}", **{"accept-encoding": "gzip"}) as packed:
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["cache-control"] == assets.FOR_GOOD
        assert gzip.decompress(packed.read()) == original
        tag = packed.headers["etag"]
    with fetched(f"{app_url}/assets/{name}") as plain:
        assert plain.read() == original
        assert plain.headers["content-type"].startswith("application/javascript")
    with pytest.raises(urllib.error.HTTPError) as unchanged:
        fetched(f"{app_url}/assets/{name}", **{"if-none-match": tag})
    assert unchanged.value.code == 304


@pytest.mark.parametrize("name", ["nothing.js", "..%2findex.html", "%2fetc%2fpasswd", "..%5cindex.html", "."])
def test_nothing_else_is_sent(name: str, app_url: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetched(f"{app_url}/assets/{name}")
    assert refused.value.code in (403, 404)


def test_the_page_is_sent_what_a_browser_needs(app_url: str) -> None:
    """Half of Gradio's description of the components is for its API only, and what follows another event has no
    component to be looked for; programs are still told everything."""
    with fetched(f"{app_url}/config") as answer:
        config = json.load(answer)
    assert not any(each.startswith("api_info") for component in config["components"] for each in component)
    follows = [each for each in config["dependencies"] if each["trigger_after"] is not None]
    assert len(follows) > 50
    assert not any(each["targets"] for each in follows)
    with fetched(app_url) as answer:
        assert len(answer.read()) < 1_400_000
    with fetched(f"{app_url}/gradio_api/info") as answer:
        endpoint = json.load(answer)["named_endpoints"]["/style_v2"]
    assert all(each["type"] for each in endpoint["parameters"])
