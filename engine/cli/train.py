"""``python -m engine train``: the command line of what we train ourselves."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from engine.cli.terminal import watch
from engine.contracts.errors import ConsentError, OutputError, ParameterError
from engine.contracts.job import Job, Step, StepRun
from engine.contracts.messages import Message
from engine.imaging.door import open_picture
from engine.runtime.runtime import Runtime

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.nets.compact import CompactNet
    from engine.nets.transform import TransformNet


def add_train(commands: Any) -> None:
    """Add ``train`` and its kinds to a parser's subcommands."""
    command = commands.add_parser("train", help="Train the nets that are our own.")
    kinds = command.add_subparsers(required=True, metavar="TASK")
    _add_super_resolution(kinds)
    _add_pixelcnn(kinds)
    _add_style_v2(kinds)
    _add_face_swap(kinds)


def _add_super_resolution(kinds: Any) -> None:
    upscaling = kinds.add_parser(
        "super-resolution", help="The compact residual network for x2, x3 and x4. Killed, it goes on where it was."
    )
    upscaling.add_argument(
        "--photos", type=Path, required=True, action="append", metavar="DIR_OR_TAR",
        help="Photos to learn from; several sources are drawn from equally often.",
    )  # fmt: skip
    _add_common(upscaling, iterations=40_000)
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


def _add_common(command: argparse.ArgumentParser, *, iterations: int) -> None:
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="Weights: .safetensors.")
    command.add_argument("--iterations", type=int, default=iterations, metavar="N", help=f"Default: {iterations}.")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="Default: 0.")


def _check(options: argparse.Namespace, *counts: str) -> None:
    """OutputError unless the result can be written, ParameterError unless the counts are positive."""
    if options.out.suffix != ".safetensors" or not options.out.absolute().parent.is_dir():
        raise OutputError(Message("--out has to be a {ending} file in a folder that exists.", ending=".safetensors"))
    for name in ("iterations", *counts):
        if getattr(options, name.replace("-", "_")) < 1:
            raise ParameterError(Message("--{option} has to be at least {minimum}.", option=name, minimum=1))


def _train_super_resolution(options: argparse.Namespace, runtime: Runtime) -> None:
    from engine.training.super_resolution import Settings, train

    _check(options, "batch")
    start = _compact_network(options.from_network) if options.from_network else None
    settings = Settings(
        iterations=options.iterations, batch=options.batch, seed=options.seed, rate=options.rate,
        squared=options.squared, half=options.half, start=_digest(options.from_network),
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
    _add_common(drawing, iterations=20_000)
    drawing.add_argument("--batch", type=int, default=16, metavar="N", help="Parts a step. Default: 16.")
    drawing.add_argument("--rate", type=float, default=1e-3, metavar="N", help="Learning rate. Default: 0.001.")
    drawing.add_argument("--half", action="store_true", help="Convolutions in bfloat16.")
    drawing.set_defaults(action=_train_pixelcnn)


def _train_pixelcnn(options: argparse.Namespace, runtime: Runtime) -> None:
    from engine.training.pixelcnn import Settings, train

    _check(options, "batch")
    settings = Settings(
        iterations=options.iterations, batch=options.batch, rate=options.rate, half=options.half, seed=options.seed
    )
    job = Job()
    steps = train(options.photos, options.out, settings, runtime.device.torch_device, job)
    bits = watch(StepRun(steps), job, News(("bits",)))
    print(f"{options.out}: " + ", ".join(f"{name} {value:.3f}" for name, value in bits.items()))


N = TypeVar("N", bound="nn.Module")


def _start(path: Path, build: Callable[[dict[str, Tensor]], N], refusal: Message) -> N:
    """A network to start from.

    Raises:
        ParameterError: the file is none; ``refusal`` says so.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        net = build({name: value.float() for name, value in load_file(path).items()})
    except (OSError, SafetensorError, KeyError, RuntimeError):
        raise ParameterError(refusal) from None
    return net.requires_grad_(True)


def _compact_network(path: Path) -> CompactNet:
    """A network of super-resolution to start from; ParameterError for another file."""
    from engine.nets.compact import build

    refusal = Message("{file!r} is no network of super-resolution that can be read.", file=path.name)
    return _start(path, build, refusal)


def _digest(path: Path | None) -> str:
    """SHA-256 of a file that a training starts from; empty for none."""
    return sha256(path.read_bytes()).hexdigest() if path else ""


class News:
    """A line whenever a measurement is new.

    Args:
        starts: how the names of the figures begin that are measured now and then.
    """

    def __init__(self, starts: tuple[str, ...]) -> None:
        self._starts, self._last = starts, ""

    def __call__(self, step: Step) -> str | None:
        """The line, or None when there is nothing new."""
        figures = {name: value for name, value in step.figures().items() if name.startswith(self._starts)}
        line = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
        if not line or line == self._last:
            return None
        self._last = line
        return f"{step.stage}: {line}"


def _add_style_v2(kinds: Any) -> None:
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
    painting.add_argument("--rate", type=float, default=1e-3, metavar="N", help="Learning rate. Default: 0.001.")
    _add_common(painting, iterations=40_000)
    painting.set_defaults(action=_train_style_v2)


def _network(path: Path) -> TransformNet:
    """A network of style V2 to start from; ParameterError for another file."""
    from engine.nets.transform import build

    return _start(path, build, Message("{file!r} is no network of style V2 that can be read.", file=path.name))


def _train_style_v2(options: argparse.Namespace, runtime: Runtime) -> None:
    from engine.model_store.loaded_nets import LoadedNets
    from engine.training.distributed import team
    from engine.training.style_v2 import Settings, train

    _check(options, "photos-each", "styles-each")
    paintings = {path.stem: open_picture(path) for path in options.style}
    if len(paintings) < len(options.style):
        raise ParameterError(
            Message("Two paintings have the same file name; it names the style.", paintings=len(options.style))
        )
    start = _network(options.from_network) if options.from_network else None
    settings = Settings(
        start=_digest(options.from_network),
        iterations=options.iterations, photos=options.photos_each, styles_each=options.styles_each,
        crop=options.crop, balance=options.balance, detail=options.detail,
        statistics=options.statistics, pooling=options.pooling, fine_detail=options.fine_detail,
        rate=options.rate, seed=options.seed,
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
    _add_common(swapping, iterations=20_000)
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
    _check(options, "batch", "variants")
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
