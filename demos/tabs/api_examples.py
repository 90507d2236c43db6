"""The tab for programs: examples to copy, with this server's address in them. A test runs every one of them."""

from __future__ import annotations

from typing import Any, Literal

import gradio as gr

from demos.components.events import QUIET
from demos.i18n.language import mark
from demos.serving.site import Site
from demos.serving.sub_path import root_path
from engine.contracts.messages import Message

LOCAL = "http://127.0.0.1:7860"
PYTHON = """# pip install gradio_client
from gradio_client import Client, handle_file

client = Client("URL")
picture, facts = client.predict(
    content=handle_file("photo.jpg"), style_name="great-wave", size=512, api_name="/style_v2"
)
print(picture, facts["seconds"])

job = client.submit(  # a descent: previews with progress come on the way; job.cancel() ends it
    handle_file("photo.jpg"), handle_file("painting.jpg"), size=128, iterations=20, api_name="/style_v1"
)
for preview, progress in job:
    if "stage" in progress:
        print(progress["stage"], progress["seconds_left"])
"""
CURL = """# upload, call, follow; needs jq
FILE=$(curl -s -F files=@photo.jpg URL/gradio_api/upload | jq -r '.[0]')
PICTURE=$(jq -n --arg path "$FILE" '{path: $path, meta: {_type: "gradio.FileData"}}')
CALL=$(jq -n --argjson picture "$PICTURE" '{content: $picture, style_name: "scream", size: 256}')
ID=$(curl -s URL/gradio_api/call/v2/style_v2 -H 'content-type: application/json' -d "$CALL" | jq -r .event_id)
curl -sN URL/gradio_api/call/style_v2/$ID | grep -A 1 '^event: complete'
"""
MCP = """# pip install "mcp<2"
import asyncio, base64, pathlib
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

async def told(step, total, message):  # with it, Gradio gives the picture itself, not only its address
    print(message)

async def main():
    photo = base64.b64encode(pathlib.Path("photo.jpg").read_bytes()).decode()
    async with streamablehttp_client("URL/gradio_api/mcp/") as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        print([tool.name for tool in (await session.list_tools()).tools])
        given = {"content": f"data:image/jpeg;base64,{photo}", "style_name": "scream", "size": 256}
        result = await session.call_tool("style_v2", given, progress_callback=told)
        print(result.isError, [part.type for part in result.content])

asyncio.run(main())
"""
CONFIG = """{
  "mcpServers": {
    "pentimento": {"url": "URL/gradio_api/mcp/"}
  }
}
"""
Language = Literal["python", "shell", "json"]
EXAMPLES: tuple[tuple[Message, str, Language], ...] = (
    (Message("Python"), PYTHON, "python"),
    (Message("curl"), CURL, "shell"),
    (Message("MCP, from Python"), MCP, "python"),
    (Message("MCP, for an assistant's settings"), CONFIG, "json"),
)
"""Title, code, in which URL stands for the server's address, and its language."""
TEXT = Message(
    "Everything here can be called by programs: **one named endpoint for each task**, with typed and described "
    "arguments that have the page's defaults. A file has to be uploaded first (Gradio's client does it by itself); "
    "addresses of other servers are not fetched. Calls wait in the same line as visitors. *Use via API or MCP* at the "
    "foot of the page lists every argument; `/gradio_api/openapi.json` is for machines."
)


def place_examples(tab: gr.Tab, site: Site) -> None:
    """Lay out the tab inside of it; the examples name this server as soon as it is opened."""
    gr.Markdown(mark(TEXT))
    gr.Markdown(endpoints(site))
    shown = [
        gr.Code(code.replace("URL", LOCAL), language=language, label=mark(title), interactive=False, wrap_lines=True)
        for title, code, language in EXAMPLES
    ]
    tab.select(_here, None, shown, **QUIET)


def endpoints(site: Site) -> str:
    """Names of all endpoints, as Markdown."""
    return " ".join(f"`/{task.endpoint}`" for task in site.tasks)


def _here(request: gr.Request) -> Any:
    """The examples with the address that the visitor sees."""
    host = request.headers.get("host") or LOCAL.removeprefix("http://")
    scheme = request.headers.get("x-forwarded-proto", "http").split(",")[0].strip()
    address = f"{'https' if scheme == 'https' else 'http'}://{host}{root_path()}"
    return [code.replace("URL", address) for _, code, _ in EXAMPLES]
