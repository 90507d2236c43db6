"""Start the hub: ``python app.py``. Also the file that a Hugging Face Space runs.

GRADIO_SERVER_NAME and GRADIO_SERVER_PORT say where it listens (127.0.0.1:7860); ``--share`` makes a public link.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before gradio is imported
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is: threads that wait must not take a shared core

from demos import hub


def main() -> None:
    """Build the page and serve it until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Serve the hub.")
    parser.add_argument(
        "--share", action="store_true", help="Also make a public link: anybody who has it can use this machine."
    )
    share: bool = parser.parse_args().share
    hub.build().launch(share=share, **hub.launch_options())


if __name__ == "__main__":
    main()
