"""Start the hub: ``python app.py``. Also the file that a Hugging Face Space runs.

GRADIO_SERVER_NAME and GRADIO_SERVER_PORT say where it listens (127.0.0.1:7860); ``python -m engine settings`` lists
what else can be set.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before gradio is imported

from demos.serving import address
from engine.contracts.errors import PentimentoError
from engine.contracts.settings import on_zero_gpu, read_settings
from engine.hardware.waiting import wait_briefly

wait_briefly()
if on_zero_gpu():
    import spaces  # noqa: F401 - before torch: it takes CUDA's place until a GPU is lent


def main() -> int:
    """Build the page and serve it until it is told to end."""
    parser = argparse.ArgumentParser(description="Serve the hub.")
    parser.add_argument(
        "--share", action="store_true", help="Also make a public link: anybody who has it can use this machine."
    )
    share: bool = parser.parse_args().share
    own = ""
    try:
        port = address.prepare()
        own = address.own_folder(os.environ.get("GRADIO_TEMP_DIR"))
        address.use(own)
        settings = read_settings()
        settings = settings.model_copy(update={"share": share or settings.share})
        from demos import hub
        from demos.serving import server, zero_gpu
        from demos.serving.site import Site
        from engine import Runtime

        site = Site(Runtime(settings))  # replicas that are not there are told of before anybody comes
        built = hub.build(site)
        if on_zero_gpu():
            zero_gpu.place_nets(site.runtime)
        server.serve(built.page, site, built.looks, built.front, settings, port)
    except PentimentoError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 1
    finally:
        if own:
            shutil.rmtree(own, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
