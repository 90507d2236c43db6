"""The light of the scene on another face."""

from __future__ import annotations

import numpy

from engine.faces import classical_swap, relighting
from engine.faces.aligned_face import AlignedFace


def test_light_takes_mean_and_slow_changes_from_the_scene(scene: AlignedFace, source: AlignedFace) -> None:
    face = classical_swap.warped(scene, source, 0.0)
    cover = scene.skin * face.skin
    lit = relighting.relit(face.colours, scene.crop, cover)
    before, after, wanted = (
        (relighting.lab_of(each) * cover[..., None]).sum((0, 1)) / cover.sum()
        for each in (face.colours, lit, scene.crop)
    )
    assert numpy.abs(after - wanted).max() < 2.5
    assert numpy.abs(before - wanted).max() > 4
    assert relighting.light_distance(lit, scene.crop, cover) < 0.6 * relighting.light_distance(
        face.colours, scene.crop, cover
    )


def test_light_of_itself_changes_nothing(scene: AlignedFace) -> None:
    assert numpy.abs(relighting.relit(scene.crop, scene.crop, scene.skin) - scene.crop).max() < 0.02
