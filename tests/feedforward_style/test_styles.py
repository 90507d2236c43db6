"""The styles that can be chosen, and the networks that they belong to."""

from __future__ import annotations

from engine.feedforward_style.styles import HUB, MAGENTA, MAGENTA_NETWORK, NETWORK, SHIPPED
from engine.model_store.catalogue import catalogue
from engine.nets.transform import TransformNet
from tests.support.nets import exact_nets


def test_every_network_of_the_hub_is_in_the_catalogue() -> None:
    for name, _ in HUB.values():
        entry = catalogue()[name]
        assert entry.architecture == "transform-classical"
        assert entry.file == f"{name}.onnx"


def test_the_shipped_network_has_the_styles_that_can_be_chosen() -> None:
    net = exact_nets().get(NETWORK)
    assert isinstance(net, TransformNet)
    assert net.styles.keys() == SHIPPED.keys()
    assert all(style.shape == (net.numbers,) for style in net.styles.values())
    assert catalogue()[NETWORK].bytes <= 8_000_000


def test_magentas_network_has_its_26_styles() -> None:
    net = exact_nets().get(MAGENTA_NETWORK)
    assert isinstance(net, TransformNet)
    assert net.styles.keys() == MAGENTA.keys()
    assert len(MAGENTA) == 26
