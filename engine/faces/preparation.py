"""The identity's face over the scene, as good as it is without a network: what the other methods start from."""

from __future__ import annotations

from dataclasses import dataclass

import cv2

from engine.faces.aligned_face import AlignedFace, region_labels
from engine.faces.classical_swap import Placement, Warped, in_light, joined, placement, warped
from engine.faces.descent import Stage
from engine.faces.meeting import Meeting
from engine.imaging.masks import Colours


@dataclass(frozen=True, eq=False)
class Prepared:
    """Prepared faces, from which all methods but the editor start."""

    scene: AlignedFace
    base: Colours
    """The face in the crop, as good as it is without a network: the warp in the scene's light, or the scene."""
    place: Placement
    warped: Warped | None = None
    """The best picture of the identity over the scene; None for a network, which needs none."""

    def joined(self, face: Colours) -> Colours:
        """A face of any size, in the scene's crop; details that it is too small for are the base's."""
        return joined(self.finer(face), self.scene, self.place)

    def finer(self, face: Colours) -> Colours:
        """A face in the crop's size: what it has more than the base is added to it."""
        side, small = self.base.shape[0], face.shape[0]
        if side == small:
            return face
        if side < small:
            reduced: Colours = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
            return reduced
        before = cv2.resize(self.base, (small, small), interpolation=cv2.INTER_AREA)
        more = cv2.resize(face - before, (side, side), interpolation=cv2.INTER_CUBIC)
        finer: Colours = (self.base + more).clip(0, 1)
        return finer


def prepared(meeting: Meeting, shape: float) -> Prepared:
    """The classical chain up to the light."""
    scene, best = meeting.scene, meeting.best
    face = warped(scene, best, shape)
    return Prepared(scene, in_light(face, scene), placement(scene, face, best), face)


def stage_of(meeting: Meeting, ready: Prepared, shape: float, most: int) -> Stage:
    """Inputs of a descent: up to ``most`` pictures of the identity, warped onto the scene and each in its light."""
    scene, best = meeting.scene, ready.warped
    assert best is not None
    faces, valid = [ready.base], [best.skin]
    for candidate in meeting.candidates[1:most]:
        other = warped(scene, candidate.face, shape)
        faces.append(in_light(other, scene))
        valid.append(other.skin)
    labels = region_labels(best.landmarks, scene.inside)
    return Stage(scene.crop, faces, valid, labels, ready.place.cover)
