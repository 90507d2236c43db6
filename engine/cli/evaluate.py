"""The command ``evaluate``: a task's methods measured on a folder, as its papers do."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

from engine.cli.evaluate_faces import add_face_evaluations
from engine.cli.evaluate_style import add_style_evaluations
from engine.cli.terminal import watch
from engine.contracts.errors import ParameterError
from engine.contracts.job import Job, StepRun
from engine.contracts.messages import Message
from engine.runtime.runtime import Runtime
from engine.super_resolution.methods import METHODS
from engine.tasks.inpainting_comparison import TITLES as INPAINTING_METHODS


def add_evaluate(commands: Any) -> None:
    """Add it to a parser's subcommands."""
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
    upscaling.add_argument(
        "--ensemble", action="store_true", help="Look at every picture turned and mirrored in eight ways."
    )
    upscaling.add_argument(
        "--degrade", metavar="LIST", default="",
        help="Spoil the small pictures as photos are: jpeg=QUALITY,noise=LEVELS,blur=PIXELS; seeded. Without --lr.",
    )  # fmt: skip
    upscaling.add_argument("--json", type=Path, metavar="FILE", help="Write the table as JSON.")
    upscaling.set_defaults(action=_evaluate_super_resolution)
    _add_evaluate_inpainting(kinds)
    add_style_evaluations(kinds, write_table)
    add_face_evaluations(kinds, write_table)


def _evaluate_super_resolution(options: argparse.Namespace, runtime: Runtime) -> None:
    from engine.evaluation.degradation import Degradation
    from engine.evaluation.folder import mean
    from engine.evaluation.super_resolution import KEYS, evaluate
    from engine.model_store.catalogue import LPIPS, catalogue

    degradation = Degradation.parse(options.degrade) if options.degrade else None
    if degradation and options.lr:
        raise ParameterError(Message("--degrade spoils pictures that are reduced here; please leave --lr out."))
    for name in (*METHODS[options.method].weights(options.scale), LPIPS):
        watch(StepRun(runtime.store.fetch(catalogue()[name])), Job())
    print(f"{options.method} x{options.scale}\n{'picture':24} {'PSNR':>7} {'SSIM':>7} {'LPIPS':>7} {'s':>7}")
    rows = []
    table = evaluate(
        runtime, options.hr, options.lr, options.method, options.scale,
        degradation=degradation, faithful=options.faithful, ensemble=options.ensemble,
    )  # fmt: skip
    for row in table:
        rows.append(row)
        print(f"{row['name'][:24]:24} {_quality(row)} {row['seconds']:7.2f}")
    means = mean(rows, KEYS)
    print(f"{'mean':24} {_quality(means)}")
    if options.json:
        write_table(options.json, means, rows)


def write_table(path: Path, mean: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Write means and rows as JSON."""
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


def _evaluate_inpainting(options: argparse.Namespace, runtime: Runtime) -> None:
    from engine.evaluation.folder import mean, pictures_in
    from engine.evaluation.inpainting import KEYS, evaluate
    from engine.model_store.catalogue import LPIPS, catalogue

    watch(StepRun(runtime.store.fetch(catalogue()[LPIPS])), Job())
    heads = ("L1 %", "L2 %", "PSNR", "SSIM", "LPIPS", "sharp", "s")
    print(f"{'picture':20} {'method':16} " + " ".join(f"{head:>7}" for head in heads))
    rows = []
    for row in evaluate(runtime, pictures_in(options.images), options.mask, options.methods, side=options.side):
        rows.append(row)
        print(f"{row['name'][:20]:20} {row['method']:16} {_filled(row)}", flush=True)
    means = {}
    for method in options.methods:
        means[method] = mean([row for row in rows if row["method"] == method], KEYS)
        print(f"{'mean':20} {method:16} {_filled(means[method])}")
    if options.json:
        write_table(options.json, means, rows)


def _filled(row: dict[str, Any]) -> str:
    errors = f"{100 * row['l1']:7.2f} {100 * row['l2']:7.2f} {_quality(row)}"
    return f"{errors} {row['sharpness']:7.2f} {row['seconds']:7.2f}"
