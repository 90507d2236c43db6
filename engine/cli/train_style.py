"""``python -m engine train style-v2``."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cli.terminal import watch
from engine.cli.train_options import News, add_common, check, digest, network_from
from engine.contracts.errors import ParameterError
from engine.contracts.job import Job, StepRun
from engine.contracts.messages import Message
from engine.imaging.door import open_picture
from engine.runtime.runtime import Runtime

if TYPE_CHECKING:
    from engine.nets.transform import TransformNet


def add_style_v2(kinds: Any) -> None:
    """Add ``style-v2`` to the kinds of training."""
    painting = kinds.add_parser(
        "style-v2",
        help="A transform network for one or many styles. Killed, it goes on where it was.",
        description="Also under torchrun: torchrun --nproc-per-node 2 -m engine train style-v2 ...",
    )
    painting.add_argument(
        "--photos", type=Path, required=True, metavar="DIR_OR_TAR", help="Photos to learn from; some are held out."
    )
    painting.add_argument(
        "--style", type=Path, required=True, action="append", metavar="FILE",
        help="A painting; its file's name names the style. Give it once for each style.",
    )  # fmt: skip
    painting.add_argument(
        "--from-network",
        type=Path,
        metavar="FILE",
        help="Another of our networks to go on from, instead of from nothing.",
    )
    painting.add_argument("--photos-each", type=int, default=2, metavar="N", help="Photos a step. Default: 2.")
    painting.add_argument("--styles-each", type=int, default=2, metavar="N", help="Styles of each. Default: 2.")
    painting.add_argument("--crop", type=int, default=192, metavar="N", help="Side in pixels. Default: 192.")
    painting.add_argument("--balance", type=float, default=50.0, metavar="N", help="As in style-v1. Default: 50.")
    painting.add_argument(
        "--balance-of", type=_named_number, action="append", default=[], metavar="STYLE=N",
        help="Another balance for one of the styles. Give it once for each.",
    )  # fmt: skip
    painting.add_argument(
        "--often", type=_named_number, action="append", default=[], metavar="STYLE=N",
        help="Weight of a style in the draw, which is 1 for the others: what needs more lessons gets more. "
        "Give it once for each.",
    )  # fmt: skip
    painting.add_argument(
        "--detail", type=float, default=1.0, metavar="N", help="As in style-v1; keeps faces and windows. Default: 1."
    )
    painting.add_argument(
        "--statistics", choices=("moments", "gram"), default="moments", help="As in style-v1. Default: moments."
    )
    painting.add_argument("--pooling", choices=("max", "average"), default="max", help="As in style-v1. Default: max.")
    painting.add_argument(
        "--fine-detail", type=float, default=0.5, metavar="N",
        help="Share of the finest luminance that is the photo's; the page paints with half. Default: 0.5.",
    )  # fmt: skip
    painting.add_argument(
        "--styles-only", action="store_true", help="Leave the convolutions of --from-network as they are."
    )
    painting.add_argument("--rate", type=float, default=1e-3, metavar="N", help="Learning rate. Default: 0.001.")
    add_common(painting, iterations=40_000)
    painting.set_defaults(action=_train_style_v2)


def _named_number(words: str) -> tuple[str, float]:
    """``name=1.5`` -> the name and the number; ValueError for other words, which argparse tells."""
    name, _, number = words.rpartition("=")
    return name, float(number)


def _network(path: Path) -> TransformNet:
    """A network of style V2 to start from; ParameterError for another file."""
    from engine.nets.transform import build

    return network_from(path, build, Message("{file!r} is no network of style V2 that can be read.", file=path.name))


def _train_style_v2(options: argparse.Namespace, runtime: Runtime) -> None:
    from engine.model_store.loaded_nets import LoadedNets
    from engine.training.distributed import team
    from engine.training.style_settings import Settings
    from engine.training.style_v2 import train

    check(options, "photos-each", "styles-each")
    paintings = {path.stem: open_picture(path) for path in options.style}
    if len(paintings) < len(options.style):
        raise ParameterError(
            Message("Two paintings have the same file name; it names the style.", paintings=len(options.style))
        )
    balances, often = dict(options.balance_of), dict(options.often)
    for option, values in (("--balance-of", balances), ("--often", often)):
        if unknown := values.keys() - paintings.keys():
            raise ParameterError(Message("{option}: there is no style {name!r}.", option=option, name=min(unknown)))
    if not all(0 < each < math.inf for each in often.values()):
        raise ParameterError(Message("--often needs numbers above 0.", given=[*often.values()]))
    start = _network(options.from_network) if options.from_network else None
    settings = Settings(
        start=digest(options.from_network),
        iterations=options.iterations, photos=options.photos_each, styles_each=options.styles_each,
        crop=options.crop, balance=options.balance, balances=balances, often=often, detail=options.detail,
        statistics=options.statistics, pooling=options.pooling, fine_detail=options.fine_detail,
        styles_only=options.styles_only, rate=options.rate, seed=options.seed,
    )  # fmt: skip
    job = Job()
    with team(runtime.device) as group:
        nets = LoadedNets(runtime.store, group.device)
        run = StepRun(train(options.photos, paintings, options.out, settings, job, group, nets, start))
        if not group.leads:
            run.finish()
            return
        losses = watch(run, job, News(("held_out", *paintings)))
    print(f"{options.out}: " + ", ".join(f"{name} {value:.3f}" for name, value in losses.items()))
