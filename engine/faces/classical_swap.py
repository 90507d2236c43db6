"""Classical face swap: a smooth warp, the scene's light, and a blend in a pyramid.

The strong baseline, and what the networks start from. And what an image editor does: a warp and a seamless clone.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy

from engine.contracts.errors import FaceError
from engine.contracts.messages import Message
from engine.faces.align import inverse, moved, sampled, samples, scale_of, similarity, smooth_map
from engine.faces.aligned_face import AlignedFace, mouth_inside
from engine.faces.blend import pyramid_blend
from engine.faces.face import LANDMARKS_OF_MESH, LEFT_EYE, OUTER_LIPS, OVAL, RIGHT_EYE, Points, openness
from engine.faces.face_mask import edge_free, feathered, grown, polygon
from engine.faces.parsing import FACE
from engine.faces.relighting import lab_of, relit
from engine.imaging.masks import Colours, Cover

SHAPE = 0.35
"""How far the face's shape goes from the scene's to the identity's; more is more alike, and less of the expression."""
OPEN, WIDE_OPEN, MORE_OPEN, SMILE = 0.06, 0.15, 0.7, 0.1
"""A mouth counts as open above the ratio ``OPEN`` of its height to its width; its inside is kept if it is at least
``WIDE_OPEN``, or the identity's is at most ``MORE_OPEN`` times it. Closed lips are kept where the identity's mouth is
above ``SMILE``."""
LEAST_COVER = 0.2
"""Share of a face that has to be recognised as one for a swap."""
RIM = (6.0, 16.0)
"""Difference in L* between a rim of glasses and its surroundings: weight 0 below the first, 1 above the second."""


@dataclass(frozen=True, eq=False)
class Warped:
    """A picture of the identity over the scene."""

    points: Points
    """``(468, 2)``: where the mesh is now, in the scene's crop."""
    colours: Colours
    """``(side, side, 3)``, as photographed."""
    skin: Cover
    """Mask of the face in the warped picture, without hair and glasses, ``(side, side)`` in [0, 1]."""
    face: Cover
    """Mask of the face in the warped picture with its glasses, but without hair, ears and background."""

    @property
    def landmarks(self) -> Points:
        """The 68 points in the scene's crop."""
        return self.points[list(LANDMARKS_OF_MESH)]


def between(scene: AlignedFace, source: AlignedFace, shape: float) -> Points:
    """``(468, 2)``: the scene's mesh on the way to the identity's shape.

    Only what is broad of the difference counts, such as the distance of the eyes: lids and lips stay the scene's. It
    fades out towards the outline, which has to meet the scene's head.
    """
    points, side = scene.mesh, scene.side
    difference = moved(source.mesh, similarity(source.mesh, points)) - points
    squared = ((points[:, None] - points[None]) ** 2).sum(-1)
    near = numpy.exp(-squared / (2 * (0.07 * side) ** 2))
    broad = near @ difference / near.sum(1, keepdims=True)
    depth = cv2.distanceTransform((scene.inside > 0.5).astype(numpy.uint8), cv2.DIST_L2, 5)
    rows, columns = (points[:, axis].round().astype(int).clip(0, side - 1) for axis in (1, 0))
    weight = (depth[rows, columns] / (0.16 * side)).clip(0, 1)
    moving: Points = (points + shape * weight[:, None] * broad).astype(numpy.float32)
    return moving


def warped(scene: AlignedFace, source: AlignedFace, shape: float = SHAPE) -> Warped:
    """The identity's face in the pose and expression of the scene, straight from the pixels of its picture."""
    side = scene.side
    points = between(scene, source, shape)
    finer = source.side / side
    places = smooth_map(points, (source.mesh + 0.5) / finer - 0.5, side)
    places = (places + 0.5) * finer - 0.5
    back = moved(places.reshape(-1, 2), inverse(source.matrix)).reshape(side, side, 2)
    scale = scale_of(source.matrix) / finer
    across, down = numpy.ascontiguousarray(places[..., 0]), numpy.ascontiguousarray(places[..., 1])
    skin, face = (
        cv2.remap(each, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        for each in (source.skin, _face(source))
    )
    return Warped(points, sampled(source.picture, back, scale), skin, face)


@dataclass(frozen=True, eq=False)
class Placement:
    """How a face goes into the scene: where, and what of the scene stays in front of it."""

    cover: Cover
    """1 where the face is the new one; 0 at the crop's edges."""
    mouth: Cover
    """Inside of the scene's mouth that stays."""
    rim: Cover
    """Rims of the scene's glasses, which stay in front."""


def placement(scene: AlignedFace, warped_face: Warped, source: AlignedFace) -> Placement:
    """Where the new face is."""
    side = scene.side
    outline = polygon(warped_face.points[list(OVAL)], side) * scene.inside
    both = numpy.minimum(_face(scene), warped_face.face)
    allowed = numpy.maximum(both, _eyes(scene, 0.05) * (1 - scene.covered))
    cover = feathered(grown(outline * allowed, -round(0.022 * side)), 0.016 * side)
    return Placement(_enough(edge_free(cover), scene), _mouth(scene, source), _rim(scene))


def placement_alone(scene: AlignedFace) -> Placement:
    """Where a face goes that already has the scene's shape, such as a network's; an open mouth keeps its inside."""
    cover = feathered(grown(scene.inside * _face(scene), -round(0.022 * scene.side)), 0.016 * scene.side)
    opened = openness(scene.landmarks)["mouth"] >= OPEN
    mouth = mouth_inside(scene.landmarks, scene.side) if opened else numpy.zeros_like(cover)
    return Placement(_enough(edge_free(cover), scene), mouth, _rim(scene))


def _enough(cover: Cover, scene: AlignedFace) -> Cover:
    """The cover.

    Raises:
        FaceError: too little of the face was recognised as one for a swap.
    """
    if cover.sum() < LEAST_COVER * scene.inside.sum():
        raise FaceError(
            Message("The face is too dark or too much covered to be swapped; please use a clearer picture.")
        )
    return cover


def _face(head: AlignedFace) -> Cover:
    """Mask of face and glasses: shares of the parsing network from 0.3 to 0.7 are stretched to 0 to 1."""
    face: Cover = ((head.parts.of(*FACE, "glasses") - 0.3) / 0.4).clip(0, 1)
    return face


def _eyes(head: AlignedFace, margin: float) -> Cover:
    """Around both eyes; what is parsed as glasses or not is left to others."""
    covers = [polygon(cv2.convexHull(head.landmarks[part])[:, 0], head.side) for part in (LEFT_EYE, RIGHT_EYE)]
    return feathered(grown(numpy.maximum(*covers), round(margin * head.side)), 0.01 * head.side)


def _mouth(scene: AlignedFace, source: AlignedFace) -> Cover:
    """The scene's teeth, where the identity's picture has nothing to show there; its closed lips, where that smiles."""
    ours, theirs = openness(scene.landmarks)["mouth"], openness(source.landmarks)["mouth"]
    if ours < OPEN and theirs > SMILE:  # else teeth would be pressed into a line
        lips = polygon(scene.landmarks[OUTER_LIPS], scene.side)
        return feathered(grown(lips, -round(0.004 * scene.side)), 0.008 * scene.side)
    if ours < OPEN or (ours < WIDE_OPEN and theirs > MORE_OPEN * ours):
        return numpy.zeros((scene.side, scene.side), numpy.float32)
    return mouth_inside(scene.landmarks, scene.side)


def _rim(scene: AlignedFace) -> Cover:
    """Dark lines inside what is parsed as glasses, without eyes and brows."""
    side = scene.side
    if scene.glasses < 0.02:
        return numpy.zeros((side, side), numpy.float32)
    light = lab_of(scene.crop)[..., 0]
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(0.016 * side) + 1,) * 2)
    darker = cv2.morphologyEx(light, cv2.MORPH_CLOSE, disc) - light
    ridge = ((darker - RIM[0]) / (RIM[1] - RIM[0])).clip(0, 1)
    near = grown((scene.parts.of("glasses") > 0.4).astype(numpy.float32), round(0.012 * side))
    brows = grown((scene.parts.of("left brow", "right brow") > 0.5).astype(numpy.float32), round(0.008 * side))
    kept = ridge * near * (1 - _eyes(scene, 0.035)) * (1 - feathered(brows, 1))
    return feathered(grown(kept.astype(numpy.float32), 1), 0.004 * side)


def in_light(warped_face: Warped, scene: AlignedFace) -> Colours:
    """The warped face in the scene's light, judged where both are skin."""
    return relit(warped_face.colours, scene.crop, scene.skin * warped_face.skin)


def joined(face: Colours, scene: AlignedFace, placed: Placement) -> Colours:
    """The face in the scene's crop: what stays in front, then the blend."""
    mouth, rim = placed.mouth[..., None], placed.rim[..., None]
    face = face * (1 - mouth) + scene.crop * mouth
    blended = pyramid_blend(face, scene.crop, placed.cover)
    whole: Colours = blended * (1 - rim) + scene.crop * rim
    return whole


def reach(placed: Placement) -> Cover:
    """Where the crop may differ from the scene: a little beyond the cover, for the pyramid's broad bands."""
    side = placed.cover.shape[0]
    wide = grown((placed.cover > 0.02).astype(numpy.float32), round(0.06 * side))
    return edge_free(feathered(wide, 0.025 * side))


def edited(scene: AlignedFace, source: AlignedFace) -> tuple[Colours, Cover]:
    """Swap as in an image editor: the face warped into the scene's shape and cloned seamlessly (Pérez et al. 2003).

    Returns the scene's crop with the new face, ``(side, side, 3)``, and the mask of where it is new, ``(side, side)``.
    """
    warped_face = warped(scene, source, 0.0)
    side = scene.side
    outline = grown(scene.inside, -round(0.03 * side))
    mask = (outline > 0.5).astype(numpy.uint8) * 255
    margin = max(2, side // 64)
    mask[:margin], mask[-margin:], mask[:, :margin], mask[:, -margin:] = 0, 0, 0, 0
    left, top, width, height = cv2.boundingRect(mask)
    middle = (left + width // 2, top + height // 2)
    cover = edge_free(feathered((mask > 0).astype(numpy.float32), 0.006 * side))
    ours, theirs = (samples(each)[..., ::-1].copy() for each in (warped_face.colours, scene.crop))
    cloned = cv2.seamlessClone(ours, theirs, mask, middle, cv2.NORMAL_CLONE)  # writes to the mask
    edited_face: Colours = cloned[..., ::-1].astype(numpy.float32) / 255
    return edited_face, cover
