"""``python -m engine evaluate landmarks`` and ``face-swap``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from engine.runtime.runtime import Runtime

METHODS = ("editor", "classical", "patches")
Write = Callable[[Path, dict[str, Any], list[dict[str, Any]]], None]


def add_face_evaluations(kinds: Any, write: Write) -> None:
    """Add both to the kinds of evaluations; ``write`` puts means and rows into a file."""
    points = kinds.add_parser("landmarks", help="Our 68 points beside another detector's, upright, turned and small.")
    points.add_argument("--images", type=Path, required=True, metavar="DIR", help="Pictures, one face each.")
    points.add_argument("--json", type=Path, metavar="FILE", help="Write the table as JSON.")
    points.set_defaults(action=lambda options, runtime: _landmarks(options, runtime, write))
    swaps = kinds.add_parser("face-swap", help="Whom swaps are like by an independent embedding, and what they keep.")
    swaps.add_argument("--faces", type=Path, required=True, metavar="DIR", help="A folder for each identity.")
    swaps.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS), metavar="NAME")
    swaps.add_argument("--pairs", type=int, default=20, metavar="N", help="Of photo and identity. Default: 20.")
    swaps.add_argument(
        "--consent", action="store_true", help="Everybody who can be seen agrees to this evaluation; required."
    )
    swaps.add_argument("--json", type=Path, metavar="FILE", help="Write the table as JSON.")
    swaps.set_defaults(action=lambda options, runtime: _swaps(options, runtime, write))


def _landmarks(options: argparse.Namespace, runtime: Runtime, write: Write) -> None:
    from engine.evaluation.faces import LANDMARK_KEYS, landmarks

    rows = list(landmarks(runtime, options.images))
    _table(rows, "change", LANDMARK_KEYS, options, write)


def _swaps(options: argparse.Namespace, runtime: Runtime, write: Write) -> None:
    from engine.contracts.errors import ConsentError
    from engine.evaluation.faces import SWAP_KEYS, swaps
    from engine.tasks.face_swap import NO_CONSENT, FaceSwap

    if not options.consent:
        raise ConsentError(NO_CONSENT)
    rows = []
    for row in swaps(runtime, options.faces, options.methods, options.pairs, FaceSwap(consent=True)):
        rows.append(row)
        figures = row.get("error") or " ".join(f"{key} {row[key]:.3f}" for key in SWAP_KEYS)
        print(f"{row['photo'][:18]:18} < {row['identity'][:18]:18} {row['method']:10} {figures}", flush=True)
    _table(rows, "method", SWAP_KEYS, options, write)


def _table(
    rows: Sequence[dict[str, Any]], by: str, keys: Iterable[str], options: argparse.Namespace, write: Write
) -> None:
    """Print the mean of every group, and write everything where that is wanted."""
    from engine.evaluation.folder import mean

    means: dict[str, Any] = {}
    for group in dict.fromkeys(row[by] for row in rows):
        own = [row for row in rows if row[by] == group]
        usable = [row for row in own if row[next(iter(keys))] == row[next(iter(keys))]]  # NaN is not itself
        means[group] = {**mean(usable, tuple(keys)), "found": len(usable), "of": len(own)}
        figures = " ".join(f"{key} {means[group][key]:.3f}" for key in keys)
        print(f"mean, {group}: {figures}, {len(usable)} of {len(own)}")
    if options.json:
        write(options.json, means, [*rows])
