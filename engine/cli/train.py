"""``python -m engine train``: the command line of what we train ourselves."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cli.terminal import watch
from engine.cli.train_options import News, add_common, check, digest, network_from
from engine.cli.train_style import add_style_v2
from engine.contracts.errors import ConsentError, OutputError
from engine.contracts.job import Job, StepRun
from engine.contracts.messages import Message
from engine.runtime.runtime import Runtime

if TYPE_CHECKING:
    from engine.nets.compact import CompactNet


def add_train(commands: Any) -> None:
    """Add ``train`` and its kinds to a parser's subcommands."""
    command = commands.add_parser("train", help="Train the nets that are our own.")
    kinds = command.add_subparsers(required=True, metavar="TASK")
    _add_super_resolution(kinds)
    _add_pixelcnn(kinds)
    add_style_v2(kinds)
    _add_face_swap(kinds)


def _add_super_resolution(kinds: Any) -> None:
    upscaling = kinds.add_parser(
        "super-resolution", help="The compact residual network for x2, x3 and x4. Killed, it goes on where it was."
    )
    upscaling.add_argument(
        "--photos", type=Path, required=True, action="append", metavar="DIR_OR_TAR",
        help="Photos to learn from; several sources are drawn from equally often.",
    )  # fmt: skip
    add_common(upscaling, iterations=40_000)
    upscaling.add_argument("--batch", type=int, default=16, metavar="N", help="Pairs a step. Default: 16.")
    upscaling.add_argument("--rate", type=float, default=1e-3, metavar="N", help="Learning rate. Default: 0.001.")
    upscaling.add_argument(
        "--squared", type=float, default=0.0, metavar="SHARE",
        help="Share of the iterations, at the end, that learn from the squared difference. Default: 0.",
    )  # fmt: skip
    upscaling.add_argument("--half", action="store_true", help="Convolutions in bfloat16.")
    upscaling.add_argument(
        "--from-network", type=Path, metavar="FILE", help="Go on from another network, with as many blocks or fewer."
    )
    upscaling.set_defaults(action=_train_super_resolution)


def _train_super_resolution(options: argparse.Namespace, runtime: Runtime) -> None:
    from engine.training.super_resolution import Settings, train

    check(options, "batch")
    start = _compact_network(options.from_network) if options.from_network else None
    settings = Settings(
        iterations=options.iterations, batch=options.batch, seed=options.seed, rate=options.rate,
        squared=options.squared, half=options.half, start=digest(options.from_network),
    )  # fmt: skip
    job = Job()
    steps = train(options.photos, options.out, settings, runtime.device.torch_device, job, start)
    quality = watch(StepRun(steps), job, News(("psnr",)))
    print(f"{options.out}: " + ", ".join(f"{name} {value:.3f} dB" for name, value in quality.items()))


def _add_pixelcnn(kinds: Any) -> None:
    drawing = kinds.add_parser("pixelcnn", help="Pixel recursive super-resolution. Killed, it goes on where it was.")
    drawing.add_argument(
        "--photos", type=Path, required=True, action="append", metavar="DIR_OR_TAR",
        help="Photos to learn from, several times for several sources; some of each are held out.",
    )  # fmt: skip
    add_common(drawing, iterations=20_000)
    drawing.add_argument("--batch", type=int, default=16, metavar="N", help="Parts a step. Default: 16.")
    drawing.add_argument("--rate", type=float, default=1e-3, metavar="N", help="Learning rate. Default: 0.001.")
    drawing.add_argument("--half", action="store_true", help="Convolutions in bfloat16.")
    drawing.set_defaults(action=_train_pixelcnn)


def _train_pixelcnn(options: argparse.Namespace, runtime: Runtime) -> None:
    from engine.training.pixelcnn import Settings, train

    check(options, "batch")
    settings = Settings(
        iterations=options.iterations, batch=options.batch, rate=options.rate, half=options.half, seed=options.seed
    )
    job = Job()
    steps = train(options.photos, options.out, settings, runtime.device.torch_device, job)
    bits = watch(StepRun(steps), job, News(("bits",)))
    print(f"{options.out}: " + ", ".join(f"{name} {value:.3f}" for name, value in bits.items()))


def _compact_network(path: Path) -> CompactNet:
    """A network of super-resolution to start from; ParameterError for another file."""
    from engine.nets.compact import build

    refusal = Message("{file!r} is no network of super-resolution that can be read.", file=path.name)
    return network_from(path, build, refusal)


def _add_face_swap(kinds: Any) -> None:
    swapping = kinds.add_parser("face-swap", help="The network of one identity. Killed, it goes on where it was.")
    swapping.add_argument(
        "--identity", type=Path, required=True, metavar="DIR_OR_TAR", help="Pictures of the identity, one face each."
    )
    swapping.add_argument(
        "--photos", type=Path, required=True, metavar="DIR_OR_TAR", help="Pictures with faces of anybody."
    )
    swapping.add_argument(
        "--consent", action="store_true", help="Everybody who can be seen agrees to being trained on; required."
    )
    swapping.add_argument("--from-network", type=Path, metavar="FILE", help="Go on from another network.")
    swapping.add_argument("--batch", type=int, default=4, metavar="N", help="Faces a step. Default: 4.")
    swapping.add_argument("--variants", type=int, default=6, metavar="N", help="Of each photo. Default: 6.")
    swapping.add_argument("--side", type=int, default=256, metavar="N", help="Side in pixels. Default: 256.")
    swapping.add_argument("--rate", type=float, default=1e-3, metavar="N", help="Learning rate. Default: 0.001.")
    add_common(swapping, iterations=20_000)
    swapping.set_defaults(action=_train_face_swap)


def _train_face_swap(options: argparse.Namespace, runtime: Runtime) -> None:
    from engine.faces.identities import NAME, folder_of
    from engine.training import face_swap
    from engine.training.face_lessons import Settings
    from engine.training.face_swap import checked, network_of
    from engine.training.photos import read_photos

    folder = folder_of(runtime.settings)
    if options.out.parent.absolute() == folder.absolute():
        folder.mkdir(parents=True, exist_ok=True)
    check(options, "batch", "variants")
    if not NAME.fullmatch(options.out.stem):
        raise OutputError(
            Message(
                "--out: a visitor chooses the network by its name, {name!r}; please use a-z, 0-9 and -.",
                name=options.out.stem,
            )
        )
    if not options.consent:
        raise ConsentError(
            Message("Please confirm with --consent that everybody who can be seen agrees to this training.")
        )
    settings = checked(
        Settings(
            iterations=options.iterations, batch=options.batch, side=options.side, variants=options.variants,
            rate=options.rate, seed=options.seed,
        )
    )  # fmt: skip
    start = network_of(options.from_network) if options.from_network else None
    identity, photos = (read_photos(source, shortest=64) for source in (options.identity, options.photos))
    job = Job()
    steps = face_swap.train(identity, photos, options.out, settings, runtime.nets, job, start=start)
    losses = watch(StepRun(steps), job)
    print(f"{options.out}: " + ", ".join(f"{name} {value:.3f}" for name, value in losses.items()))
