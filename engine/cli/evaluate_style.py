"""``python -m engine evaluate style`` and ``style-v2``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.contracts.errors import ParameterError, UnknownNameError
from engine.contracts.messages import Message, unknown_name
from engine.runtime.runtime import Runtime

TASKS = ("style-v1", "style-v2", "style-v3")
Write = Callable[[Path, dict[str, Any], list[dict[str, Any]]], None]


def add_style_evaluations(kinds: Any, write: Write) -> None:
    """Add both to the kinds of evaluations; ``write`` puts means and rows into a file."""
    pairs = kinds.add_parser("style", help="Style, content, colour and lattice, by networks that no style has seen.")
    pairs.add_argument(
        "--pairs", type=Path, required=True, metavar="DIR",
        help="A folder with the folders content and style, in which pictures of the same name are a pair.",
    )  # fmt: skip
    pairs.add_argument("--task", choices=TASKS, default=TASKS[0], help=f"Default: {TASKS[0]}.")
    pairs.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="The task's parameters, such as size=512.",
    )
    pairs.add_argument("--out", type=Path, metavar="DIR", help="Write the results there, to be looked at.")
    pairs.add_argument("--json", type=Path, metavar="FILE", help="Write the table as JSON.")
    pairs.set_defaults(action=lambda options, runtime: _evaluate_style(options, runtime, write))
    painting = kinds.add_parser(
        "style-v2", help="The network's total loss beside that of V1's descent, style by style."
    )
    painting.add_argument(
        "--photos", type=Path, required=True, metavar="DIR_OR_TAR",
        help="Photos; those are taken that the training leaves out, the first 20 of many.",
    )  # fmt: skip
    painting.add_argument(
        "--style", type=Path, required=True, action="append", metavar="FILE",
        help="A painting whose file's name is that of a style of the shipped network. Once for each.",
    )  # fmt: skip
    painting.add_argument("--iterations", type=int, nargs="+", default=[0, 50, 100, 300], metavar="N", help="Of V1.")
    painting.add_argument("--descents", type=int, default=20, metavar="N", help="Photos V1 descends on. Default: 20.")
    painting.add_argument("--json", type=Path, metavar="FILE", help="Write the table as JSON.")
    painting.set_defaults(action=lambda options, runtime: _evaluate_style_v2(options, runtime, write))


def _evaluate_style(options: argparse.Namespace, runtime: Runtime, write: Write) -> None:
    from engine.evaluation.folder import mean
    from engine.evaluation.style import KEYS, evaluate, pairs_in

    values = _values(options.set)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
    print(f"{options.task}\n{'pair':24} " + " ".join(f"{key:>8}" for key in KEYS))
    rows = []
    for row in evaluate(runtime, pairs_in(options.pairs), options.task, values, options.out):
        rows.append(row)
        print(f"{row['pair'][:24]:24} " + " ".join(f"{row[key]:8.3f}" for key in KEYS), flush=True)
    means = mean(rows, KEYS)
    print(f"{'mean':24} " + " ".join(f"{means[key]:8.3f}" for key in KEYS))
    if options.json:
        write(options.json, means, rows)


def _values(settings: list[str]) -> Mapping[str, Any]:
    """``NAME=VALUE`` -> values: numbers, lists and truths as JSON has them, everything else as it stands.

    Raises:
        ParameterError: one is not of that form.
    """
    values: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise ParameterError(Message("{setting!r} should be NAME=VALUE.", setting=setting))
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values


def _evaluate_style_v2(options: argparse.Namespace, runtime: Runtime, write: Write) -> None:
    from PIL import Image

    from engine.evaluation.folder import mean
    from engine.evaluation.style_v2 import evaluate
    from engine.feedforward_style.styles import SHIPPED
    from engine.imaging.door import open_picture
    from engine.training.apprentice import held_out
    from engine.training.photos import read_photos
    from engine.training.style_settings import Settings

    paintings = {path.stem: open_picture(path) for path in options.style}
    if unknown := paintings.keys() - SHIPPED.keys():
        raise UnknownNameError(unknown_name(Message("style"), min(unknown), SHIPPED))
    apart = held_out(read_photos(options.photos, shortest=Settings().crop))
    photos = [open_picture(Image.fromarray(each)) for each in apart]
    heads = [f"v1_{count}" for count in sorted(options.iterations)]
    print(f"{'style':20} {'photo':>6} {'network':>8} " + " ".join(f"{head:>8}" for head in heads))
    rows = []
    for row in evaluate(runtime, photos, paintings, options.iterations, options.descents):
        rows.append(row)
        descended = " ".join(f"{row[head]:8.3f}" if head in row else 8 * " " for head in heads)
        print(f"{row['style']:20} {row['photo']:6} {row['network']:8.3f} {descended}", flush=True)
    means: dict[str, Any] = {}
    for name in paintings:
        own = [row for row in rows if row["style"] == name]
        both = [row for row in own if heads[0] in row]
        means[name] = mean(own, ("network", "content", "style_term", "smoothness", "network_seconds"))
        means[name] |= {"network_where_descended": mean(both, ("network",))["network"]} if both else {}
        means[name] |= mean(both, [*heads, *(f"{head}_seconds" for head in heads)]) if both else {}
        print(f"{name:20} {'mean':>6} " + " ".join(f"{key} {value:.3f}" for key, value in means[name].items()))
    if options.json:
        write(options.json, means, rows)
