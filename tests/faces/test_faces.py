"""Faces: landmarks, alignment, light, blending, patches of a part."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy
import pytest
import torch
from PIL import Image

from engine.contracts.errors import PictureError
from engine.faces import align, blend, descent
from engine.faces import aligned_face as head
from engine.faces import classical_swap as classical
from engine.faces import relighting as light
from engine.faces.detection import MOST_TILES, _pieces, find_faces
from engine.faces.face import LANDMARKS_OF_MESH, INNER, Face, openness
from engine.hardware.device import best_device
from tests.support import pictures

DEVICE = best_device()
EXACT = replace(DEVICE, dtype=torch.float32)


def image_of(name: str = "astronaut") -> numpy.ndarray:
    return numpy.asarray(pictures.portrait(name))


@pytest.fixture(scope="module")
def astronaut() -> Face:
    (face,) = find_faces(image_of(), DEVICE)
    return face


def test_a_face_is_found_where_it_is(astronaut: Face) -> None:
    points = astronaut.landmarks
    assert points.shape == (68, 2)
    left, top, right, bottom = pictures.FACE_BOXES["astronaut"]
    assert ((points > (left, top)) & (points < (right, bottom))).all()
    one, other = astronaut.eyes
    assert one[0] < other[0], "left is left in the picture"
    assert points[8, 1] > points[57, 1] > points[33, 1] > points[27, 1], "chin, lip, nose tip, nose root"
    assert abs(astronaut.yaw) < 10
    assert 0.1 < openness(points)["mouth"] < 0.4, "she smiles"


@pytest.mark.parametrize("degrees", [-30, 30])
def test_landmarks_turn_with_the_picture(astronaut: Face, degrees: int) -> None:
    matrix = cv2.getRotationMatrix2D((256, 150), degrees, 1)
    turned = cv2.warpAffine(image_of(), matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    (found,) = find_faces(turned, DEVICE)
    away = numpy.linalg.norm(found.landmarks - align.moved(astronaut.landmarks, matrix), axis=1)
    assert away[INNER].mean() < 0.03 * astronaut.scale
    assert abs(found.roll + degrees - astronaut.roll) < 4


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_picture_that_lies_on_its_side_is_turned(astronaut: Face, turns: int) -> None:
    (found,) = find_faces(numpy.ascontiguousarray(numpy.rot90(image_of(), -turns)), DEVICE)
    back = found.mesh[:, :2]
    for _ in range(turns):  # where a pixel of the picture turned by 90 degrees clockwise was before
        back = numpy.stack([back[:, 1], 511 - back[:, 0]], 1)
    assert numpy.abs(back - astronaut.mesh[:, :2]).mean() < 0.03 * astronaut.scale


def test_small_faces_in_large_pictures_are_found(astronaut: Face) -> None:
    sheet = numpy.full((1500, 2600, 3), 120, numpy.uint8)
    small = numpy.asarray(pictures.portrait().resize((330, 330), Image.Resampling.LANCZOS))
    sheet[1100:1430, 2200:2530] = small
    sheet[100:430, 60:390] = small
    found = find_faces(sheet, DEVICE)
    assert len(found) == 2
    assert found[0].box.left < found[1].box.left, "from left to right"
    assert numpy.abs(found[0].landmarks - (60, 100) - astronaut.landmarks * 330 / 512).mean() < 2


def test_no_face_is_an_empty_list() -> None:
    assert find_faces(numpy.asarray(pictures.scene(200, 160)), DEVICE) == []


@pytest.mark.parametrize("size", [(60_000, 16), (60_000, 40), (40, 60_000)])
def test_strips_are_looked_at_in_few_pieces(size: tuple[int, int]) -> None:
    strip = numpy.zeros((size[1], size[0], 3), numpy.uint8)
    assert len(list(_pieces(strip))) <= 2 * MOST_TILES + 3
    assert find_faces(strip, DEVICE) == []


def test_a_face_at_the_end_of_a_wide_picture_is_found() -> None:
    wide = numpy.full((400, 33_000, 3), 120, numpy.uint8)
    wide[:, -400:] = numpy.asarray(pictures.face(400, 400))
    (found,) = find_faces(wide, DEVICE)
    assert found.box.left > 32_600


def test_similarity_is_the_least_squares_one() -> None:
    random = numpy.random.default_rng(0)
    source, target = random.normal(size=(9, 2)), random.normal(size=(9, 2))
    rows = [([x, -y, 1, 0], [y, x, 0, 1]) for x, y in source]
    found, *_ = numpy.linalg.lstsq(numpy.array(rows).reshape(-1, 4), target.ravel(), rcond=None)
    a, b, across, down = found
    assert align.similarity(source, target) == pytest.approx(numpy.array([[a, -b, across], [b, a, down]]))


def test_the_smooth_map_goes_through_its_points_and_keeps_affine_maps() -> None:
    random = numpy.random.default_rng(1)
    target = random.uniform(20, 108, (60, 2)).astype(numpy.float32)
    matrix = numpy.array([[1.1, 0.1, -3], [-0.05, 0.9, 4]])
    found = align.smooth_map(target, align.moved(target, matrix), 128)
    own = align.identity_map(128)
    assert numpy.abs(found - align.moved(own.reshape(-1, 2), matrix).reshape(128, 128, 2)).max() < 0.05
    bent = target + 3 * numpy.sin(target[:, ::-1] / 20)
    found = align.smooth_map(target, bent, 128)
    rows, columns = target.round().astype(int).T[::-1]
    assert numpy.abs(found[rows, columns] - bent - (numpy.stack([columns, rows], 1) - target)).mean() < 0.5


def aligned(name: str, side: int = 128) -> head.AlignedFace:
    picture = image_of(name)
    return head.align_face(picture, head.chosen(find_faces(picture, DEVICE), name), side, DEVICE)


@pytest.fixture(scope="module")
def scene() -> head.AlignedFace:
    return aligned("astronaut")


@pytest.fixture(scope="module")
def source() -> head.AlignedFace:
    return aligned("moltedo")


def test_an_aligned_face_stands_as_in_the_template(scene: head.AlignedFace) -> None:
    points = scene.landmarks
    eyes = numpy.stack([points[36:42].mean(0), points[42:48].mean(0)])
    assert eyes == pytest.approx(align.TEMPLATE[:2] * 128 - 0.5, abs=4)
    assert scene.parts.of("hair").mean() > 0.1
    nose = scene.landmarks[30].round().astype(int)
    assert scene.parts.of("nose", "skin")[nose[1], nose[0]] > 0.8
    assert scene.parts.shares.sum(0) == pytest.approx(1, abs=1e-4)
    assert scene.glasses < 0.02


def test_a_crop_of_a_large_picture_leaves_no_pixel_out() -> None:
    checker = numpy.indices((512, 512)).sum(0) % 2 * 255
    picture = numpy.repeat(checker[..., None], 3, 2).astype(numpy.uint8)
    matrix = numpy.array([[0.125, 0, 0.0], [0, 0.125, 0.0]])
    assert align.crop(picture, matrix, 60) == pytest.approx(0.5, abs=0.06)


def test_the_warp_brings_landmarks_onto_landmarks(scene: head.AlignedFace, source: head.AlignedFace) -> None:
    made = classical.warped(scene, source, 0.0)
    assert numpy.abs(made.points - scene.mesh).max() < 1e-3, "without shape the mesh is the scene's"
    found = find_faces(blend.samples(cv2.resize(made.colours, (256, 256))), DEVICE)
    away = numpy.linalg.norm((found[0].landmarks + 0.5) / 2 - 0.5 - scene.landmarks, axis=1)
    assert away[INNER].mean() < 0.06 * numpy.linalg.norm(scene.landmarks[45] - scene.landmarks[36])


def test_shape_moves_the_inside_and_leaves_the_outline(scene: head.AlignedFace, source: head.AlignedFace) -> None:
    moved = classical.between(scene, source, 1.0) - scene.mesh
    outline = list(head.OVAL)
    assert numpy.abs(moved[outline]).max() < 0.02 * scene.side
    assert numpy.abs(moved[list(LANDMARKS_OF_MESH)[27:68]]).max() > 0.01 * scene.side


def test_light_takes_mean_and_slow_changes_from_the_scene(scene: head.AlignedFace, source: head.AlignedFace) -> None:
    made = classical.warped(scene, source, 0.0)
    cover = scene.skin * made.skin
    found = light.relit(made.colours, scene.crop, cover)
    before, after, wanted = (
        (light.lab_of(each) * cover[..., None]).sum((0, 1)) / cover.sum() for each in (made.colours, found, scene.crop)
    )
    assert numpy.abs(after - wanted).max() < 2.5
    assert numpy.abs(before - wanted).max() > 4
    assert light.light_distance(found, scene.crop, cover) < 0.6 * light.light_distance(made.colours, scene.crop, cover)


def test_light_of_itself_changes_nothing(scene: head.AlignedFace) -> None:
    assert numpy.abs(light.relit(scene.crop, scene.crop, scene.skin) - scene.crop).max() < 0.02


def test_a_pyramid_blend_is_exact_where_the_cover_is_whole() -> None:
    random = numpy.random.default_rng(0)
    one, other = random.uniform(0.2, 0.8, (2, 96, 96, 3)).astype(numpy.float32)
    ones = numpy.ones((96, 96), numpy.float32)
    assert blend.pyramid_blend(one, other, ones) == pytest.approx(one, abs=1e-5)
    assert blend.pyramid_blend(one, other, 0 * ones) == pytest.approx(other, abs=1e-6)
    halves = ones.copy()
    halves[:, :48] = 0
    found = blend.pyramid_blend(numpy.full_like(one, 0.8), numpy.full_like(one, 0.2), halves)
    middle = found[48, :, 0]
    assert middle[2] == pytest.approx(0.2, abs=0.02)
    assert middle[-3] == pytest.approx(0.8, abs=0.02)
    assert numpy.abs(numpy.diff(middle)).max() < 0.08, "a step of a picture without detail becomes a slope"


def test_what_is_placed_lies_where_it_was_cut_out() -> None:
    picture = numpy.asarray(pictures.portrait())
    matrix = numpy.array([[0.9, 0.2, -60], [-0.2, 0.9, 40.0]])
    crop = align.crop(picture, matrix, 128)
    cover = blend.edge_free(numpy.ones((128, 128), numpy.float32))
    found = blend.placed(crop, cover, matrix, (512, 512))
    assert found is not None
    box, colours, share = found
    part = picture[box.top : box.bottom, box.left : box.right] / 255
    assert numpy.abs((colours - part) * share[..., None]).mean() < 0.02
    assert blend.placed(crop, cover, matrix + numpy.array([[0, 0, 900], [0, 0, 0]]), (50, 50)) is None


def test_regions_are_where_the_landmarks_are(scene: head.AlignedFace) -> None:
    labels = head.region_labels(scene.landmarks, scene.inside)
    wanted = {"left eye": 37, "right eye": 43, "left brow": 19, "right brow": 24, "nose": 30, "mouth": 62}
    for name, number in wanted.items():
        across, down = scene.landmarks[number].round().astype(int)
        assert head.LABELS[labels[down, across]] == name
    chin = (scene.landmarks[8] * 0.8 + scene.landmarks[57] * 0.2).round().astype(int)
    assert head.LABELS[labels[chin[1], chin[0]]] == "jaw"
    assert labels[2, 2] == 0


def test_a_patch_comes_from_the_same_part_and_near(scene: head.AlignedFace, source: head.AlignedFace) -> None:
    made = classical.warped(scene, source)
    labels = head.region_labels(scene.landmarks, scene.inside)
    hidden = made.skin * 0
    stage = descent.Stage(scene.crop, [made.colours] * 2, [made.skin, hidden], labels, scene.inside)
    features = 32
    allowed = descent.allowed_near(stage, features, torch.device("cpu"))
    small = cv2.resize(labels.astype(numpy.uint8), (features, features), interpolation=cv2.INTER_NEAREST)[1:-1, 1:-1]
    valid = cv2.resize(made.skin, (features, features), interpolation=cv2.INTER_AREA)[1:-1, 1:-1] > 0.5
    side = features - 2
    assert allowed.regions is not None
    assert allowed.table.shape[1] == 2 * side * side
    random = numpy.random.default_rng(0)
    for row, column in random.integers(0, side, (40, 2)):
        found = allowed.table[allowed.regions[row, column]].reshape(2, side, side)
        down, across = ((numpy.arange(1, side + 1) * descent.CELLS) // features for _ in range(2))
        near = (abs(down - down[row]) <= 1)[:, None] & (abs(across - across[column]) <= 1)[None]
        expected = near & (small == small[row, column])
        if (expected & valid).any():
            assert (found[0].numpy() == (expected & valid)).all()
            assert not found[1].any(), "nothing of a picture that shows no face there"
        else:
            assert (found.numpy() == expected).all()


def test_a_blur_keeps_what_is_even_and_averages_the_rest() -> None:
    even = torch.full((1, 3, 20, 24), 0.3)
    assert torch.allclose(descent.blurred(even, 2.0), even)
    point = torch.zeros(1, 1, 21, 21)
    point[..., 10, 10] = 1
    found = descent.blurred(point, 1.5)
    assert float(found.sum()) == pytest.approx(1, abs=1e-4)
    assert float(found[0, 0, 10, 12]) == pytest.approx(float(found[0, 0, 12, 10]))
    spread = (found[0, 0].sum(0) * (torch.arange(21) - 10) ** 2).sum()
    assert float(spread) == pytest.approx(1.5**2, rel=0.05)


@pytest.mark.parametrize("open_by", [0.0, 0.3, 0.6])
def test_openness_is_height_through_width(open_by: float) -> None:
    points = numpy.zeros((68, 2), numpy.float32)
    points[60:68] = [(0, 0), (2, -5), (5, -5), (8, -5), (10, 0), (8, 5), (5, 5), (2, 5)]
    points[60:68, 1] *= open_by
    assert openness(points)["mouth"] == pytest.approx(open_by)


def test_pictures_of_the_same_look_come_first(scene: head.AlignedFace) -> None:
    mirrored = numpy.ascontiguousarray(image_of()[:, ::-1])
    same = head.align_face(mirrored, find_faces(mirrored, DEVICE)[0], 128, DEVICE)
    dark = (image_of("young_woman") * 0.6).astype(numpy.uint8)
    other = head.align_face(dark, find_faces(dark, DEVICE)[0], 128, DEVICE)
    order = head.ranked(scene, [other, same])
    assert [each.number for each in order] == [2, 1]
    assert order[0].total < order[1].total
    assert order[1].apart["pose"] > order[0].apart["pose"]


def test_each_refusal_names_the_picture(astronaut: Face) -> None:
    with pytest.raises(PictureError, match="Identity, picture 3: no face"):
        head.chosen([], "Identity, picture 3")
    with pytest.raises(PictureError, match="Photo: there is no face 2"):
        head.chosen([astronaut], "Photo", 2)
    with pytest.raises(PictureError, match="pixels wide"):
        head.chosen([replace(astronaut, mesh=astronaut.mesh * 0.2)], "Photo")
    side_on = astronaut.mesh.copy()
    side_on[:, 2] += 2 * (side_on[:, 0] - side_on[:, 0].mean())
    with pytest.raises(PictureError, match="from the side"):
        head.chosen([replace(astronaut, mesh=side_on)], "Photo")


def test_teeth_of_the_scene_stay_where_the_identity_has_none(scene: head.AlignedFace, source: head.AlignedFace) -> None:
    made = classical.warped(scene, source)
    place = classical.fit(scene, made, source)
    across, down = scene.landmarks[[62, 66]].mean(0).round().astype(int)
    assert place.mouth[down, across] > 0.5, "she smiles, he does not"
    result = classical.joined(classical.in_light(made, scene), scene, place)
    assert numpy.abs(result[down, across] - scene.crop[down, across]).max() < 0.06
    closed = classical.fit(source, classical.warped(source, scene), scene)
    across, down = source.landmarks[48:60].mean(0).round().astype(int)
    assert closed.mouth[down, across] > 0.8, "his closed lips stay, where she would press her teeth into a line"
    mirrored = numpy.ascontiguousarray(image_of("moltedo")[:, ::-1])
    same = head.align_face(mirrored, find_faces(mirrored, DEVICE)[0], 128, DEVICE)
    assert classical.fit(source, classical.warped(source, same), same).mouth.max() == 0
