"""The commands that are no tasks: weights, bench, evaluate, train."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

from tqdm import tqdm

from engine.cli.bench import add_bench
from engine.cli.evaluate_faces import add_face_evaluations
from engine.cli.owner import add_owner_commands
from engine.cli.terminal import watch
from engine.cli.train import add_train
from engine.contracts.errors import PentimentoError
from engine.contracts.job import Job, Walk
from engine.super_resolution.methods import METHODS
from engine.tasks.inpainting_comparison import TITLES as INPAINTING_METHODS


def add_commands(commands: Any) -> None:
    """Add all of them to a parser's subcommands."""
    _add_weights(commands)
    add_bench(commands)
    _add_evaluate(commands)
    add_train(commands)
    add_owner_commands(commands)


def _add_weights(commands: Any) -> None:
    command = commands.add_parser("weights", help="List, fetch or verify weights.", description="Without a verb: list.")
    command.set_defaults(action=_list_weights)
    verbs = command.add_subparsers(metavar="VERB")
    verbs.add_parser("list", help="The catalogue.").set_defaults(action=_list_weights)
    fetch = verbs.add_parser("fetch", help="Download ahead of time.")
    fetch.add_argument("name", metavar="NAME")
    fetch.set_defaults(action=_fetch_weights)
    verbs.add_parser("verify", help="Check the sha256 of every file that is here.").set_defaults(action=_verify_weights)


def _list_weights(options: argparse.Namespace) -> None:
    from engine.model_store.catalogue import catalogue
    from engine.model_store.download import status

    rows = [("NAME", "STATUS", "SIZE", "LICENCE", "ORIGIN")]
    rows += [
        (each.name, status(each).value, each.megabytes, each.licence, each.repo or each.origin) for each in catalogue()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _fetch_weights(options: argparse.Namespace) -> None:
    from engine.model_store.catalogue import catalogue
    from engine.model_store.download import fetch

    entry = catalogue()[options.name]
    with tqdm(total=1.0, disable=None, bar_format="{l_bar}{bar}| {elapsed}") as bar:
        for step in fetch(entry):
            bar.set_description_str(step.stage, refresh=False)
            bar.update(step.done - bar.n)
    print(f"{entry.name}: here, sha256 {entry.sha256}")


def _verify_weights(options: argparse.Namespace) -> None:
    from engine.contracts.errors import WeightsCorruptError
    from engine.model_store.catalogue import catalogue
    from engine.model_store.download import Status, status, verify

    damaged = []
    for entry in catalogue():
        found = status(entry)
        if found is Status.MISSING:
            print(f"{entry.name}: missing")
            damaged += [entry.name] if entry.shipped else []
            continue
        try:
            verify(entry)
        except WeightsCorruptError as error:
            damaged.append(entry.name)
            print(f"{entry.name}: {error}")
        else:
            print(f"{entry.name}: {found.value}, sha256 right")
    if damaged:
        raise PentimentoError(f"Damaged or missing weights: {', '.join(damaged)}.")


def _add_evaluate(commands: Any) -> None:
    command = commands.add_parser("evaluate", help="Measure a task's methods on a folder, as its papers do.")
    kinds = command.add_subparsers(required=True, metavar="TASK")
    upscaling = kinds.add_parser(
        "super-resolution", help="PSNR and SSIM on luma with the border cut, LPIPS; per picture and mean."
    )
    upscaling.add_argument("--hr", type=Path, required=True, metavar="DIR", help="Originals.")
    upscaling.add_argument(
        "--lr",
        type=Path,
        metavar="DIR",
        help="Their small versions in the same order; else MATLAB's bicubic reduction.",
    )
    upscaling.add_argument("--method", choices=list(METHODS), default="residual", help="Default: residual.")
    upscaling.add_argument("--scale", type=int, choices=(2, 3, 4), default=4, help="Default: 4.")
    upscaling.add_argument(
        "--faithful",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="Lead a GAN's colours back. Default: yes.",
    )
    upscaling.add_argument("--json", type=Path, metavar="FILE", help="Write the table as JSON.")
    upscaling.set_defaults(action=_evaluate_super_resolution)
    _add_evaluate_inpainting(kinds)
    _add_evaluate_style_v2(kinds)
    add_face_evaluations(kinds, _write_table)


def _evaluate_super_resolution(options: argparse.Namespace) -> None:
    from engine.evaluation.folder import mean
    from engine.evaluation.super_resolution import KEYS, evaluate
    from engine.model_store.catalogue import LPIPS, catalogue
    from engine.model_store.download import fetch

    for name in (*METHODS[options.method].weights(options.scale), LPIPS):
        watch(Walk(fetch(catalogue()[name])), Job())
    print(f"{options.method} x{options.scale}\n{'picture':24} {'PSNR':>7} {'SSIM':>7} {'LPIPS':>7} {'s':>7}")
    rows = []
    for row in evaluate(options.hr, options.lr, options.method, options.scale, faithful=options.faithful):
        rows.append(row)
        print(f"{row['name'][:24]:24} {_quality(row)} {row['seconds']:7.2f}")
    found = mean(rows, KEYS)
    print(f"{'mean':24} {_quality(found)}")
    if options.json:
        _write_table(options.json, found, rows)


def _write_table(path: Path, mean: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    finite = [{name: _finite(value) for name, value in row.items()} for row in rows]
    table = {"mean": {name: _finite(value) for name, value in mean.items()}, "pictures": finite}
    path.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")


def _quality(row: dict[str, Any]) -> str:
    return f"{row['psnr']:7.2f} {row['ssim']:7.4f} {row['lpips']:7.4f}"


def _finite(value: Any) -> Any:
    """JSON has neither infinity (equal pictures) nor NaN (too small for LPIPS)."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _add_evaluate_inpainting(kinds: Any) -> None:
    filling = kinds.add_parser(
        "inpainting", help="L1, L2, PSNR, SSIM, LPIPS and sharpness inside the hole of pictures that are whole."
    )
    filling.add_argument("--images", type=Path, required=True, metavar="DIR", help="Whole pictures.")
    filling.add_argument(
        "--mask", required=True, metavar="centre|random|FILE",
        help="A hole of a quarter of the area, free-form strokes, or a picture that is white where the hole is.",
    )  # fmt: skip
    filling.add_argument(
        "--methods", nargs="+", choices=list(INPAINTING_METHODS), default=list(INPAINTING_METHODS), metavar="NAME",
        help=f"Of {', '.join(INPAINTING_METHODS)}. Default: all.",
    )  # fmt: skip
    filling.add_argument("--side", type=int, default=0, metavar="N", help="Reduce larger pictures to this side.")
    filling.add_argument("--json", type=Path, metavar="FILE", help="Write the table as JSON.")
    filling.set_defaults(action=_evaluate_inpainting)


def _evaluate_inpainting(options: argparse.Namespace) -> None:
    from engine.evaluation.folder import mean, pictures_in
    from engine.evaluation.inpainting import KEYS, evaluate
    from engine.model_store.catalogue import LPIPS, catalogue
    from engine.model_store.download import fetch

    watch(Walk(fetch(catalogue()[LPIPS])), Job())
    heads = ("L1 %", "L2 %", "PSNR", "SSIM", "LPIPS", "sharp", "s")
    print(f"{'picture':20} {'method':16} " + " ".join(f"{head:>7}" for head in heads))
    rows = []
    for row in evaluate(pictures_in(options.images), options.mask, options.methods, side=options.side):
        rows.append(row)
        print(f"{row['name'][:20]:20} {row['method']:16} {_filled(row)}", flush=True)
    found = {}
    for method in options.methods:
        found[method] = mean([row for row in rows if row["method"] == method], KEYS)
        print(f"{'mean':20} {method:16} {_filled(found[method])}")
    if options.json:
        _write_table(options.json, found, rows)


def _filled(row: dict[str, Any]) -> str:
    errors = f"{100 * row['l1']:7.2f} {100 * row['l2']:7.2f} {_quality(row)}"
    return f"{errors} {row['sharpness']:7.2f} {row['seconds']:7.2f}"


def _add_evaluate_style_v2(kinds: Any) -> None:
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
    painting.set_defaults(action=_evaluate_style_v2)


def _evaluate_style_v2(options: argparse.Namespace) -> None:
    from PIL import Image

    from engine.evaluation.folder import mean
    from engine.evaluation.style_v2 import evaluate
    from engine.feedforward_style.styles import SHIPPED
    from engine.imaging.picture import open_picture
    from engine.training.photos import read_photos
    from engine.training.style_v2 import Settings, held_out

    paintings = {path.stem: open_picture(path) for path in options.style}
    if unknown := paintings.keys() - SHIPPED.keys():
        raise PentimentoError(f"The shipped network has no style {min(unknown)!r}; there are {', '.join(SHIPPED)}.")
    apart = held_out(read_photos(options.photos, shortest=Settings().crop))
    photos = [open_picture(Image.fromarray(each)) for each in apart]
    heads = [f"v1_{count}" for count in sorted(options.iterations)]
    print(f"{'style':20} {'photo':>6} {'network':>8} " + " ".join(f"{head:>8}" for head in heads))
    rows = []
    for row in evaluate(photos, paintings, options.iterations, options.descents):
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
        _write_table(options.json, means, rows)
