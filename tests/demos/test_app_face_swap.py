"""The face swap through the public API: consent, many pictures in one argument, doors that stay closed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from demos.serving.sessions import MOST_FILES, MOST_VISITS, Visits
from tests.support import pictures
from tests.demos.test_app import request


@pytest.fixture
def portraits(tmp_path: Path) -> dict[str, Path]:
    names = ("astronaut", "moltedo", "young_woman")
    return {name: pictures.saved(pictures.portrait(name), tmp_path / f"{name}.png") for name in names}


def given(*paths: Path) -> list[dict[str, Any]]:
    return [{"image": handle_file(path), "caption": None} for path in paths]


def test_a_swap_with_two_pictures_of_the_identity(client: Client, portraits: dict[str, Path]) -> None:
    result, facts = client.predict(
        image=handle_file(portraits["astronaut"]), identity=given(portraits["young_woman"], portraits["moltedo"]),
        consent=True, method="classical", api_name="/face_swap",
    )  # fmt: skip
    assert [each["picture"] for each in facts["ranking"]] == [2, 1]
    with Image.open(result) as image:
        assert image.format == "PNG"
        assert image.size == (512, 512)
        assert b"compositeWithTrainedAlgorithmicMedia" in Path(result).read_bytes()
        after = numpy.asarray(image.convert("RGB"))
    assert (after[400:, :300] == numpy.asarray(pictures.portrait())[400:, :300]).all()


def test_without_consent_nothing_is_made(client: Client, portraits: dict[str, Path]) -> None:
    pair = {"image": handle_file(portraits["astronaut"]), "identity": given(portraits["moltedo"])}
    for endpoint in ("/face_swap", "/face_swap_comparison"):
        with pytest.raises(AppError, match="consent"):
            client.predict(**pair, api_name=endpoint)


def test_the_label_cannot_be_left_out_by_a_visitor(client: Client, portraits: dict[str, Path]) -> None:
    with pytest.raises(AppError, match="not in the list of choices"):
        client.predict(
            image=handle_file(portraits["astronaut"]), identity=given(portraits["moltedo"]), consent=True,
            label_corner="none", api_name="/face_swap",
        )  # fmt: skip


def test_refusals_are_one_sentence(client: Client, portraits: dict[str, Path], tmp_path: Path) -> None:
    scene = pictures.saved(pictures.scene(200, 160), tmp_path / "scene.png")
    photo = {"image": handle_file(portraits["astronaut"]), "consent": True, "api_name": "/face_swap"}
    with pytest.raises(AppError, match="picture for 'Identity'"):
        client.predict(**photo)
    with pytest.raises(AppError, match="Identity, picture 2: no face was found"):
        client.predict(**photo, identity=given(portraits["moltedo"], scene))
    with pytest.raises(AppError, match="At most 20 pictures"):
        client.predict(**photo, identity=given(*[portraits["moltedo"]] * 21))
    (tmp_path / "text.png").write_bytes(b"hello, I am not a picture")
    with pytest.raises(AppError, match="Picture 2: This is not a picture"):
        client.predict(**photo, identity=given(portraits["moltedo"], tmp_path / "text.png"))
    with pytest.raises(AppError, match="no trained identity"):
        client.predict(**photo, method="network", trained="../../weights/style_v2")


def test_faces_are_found_through_the_client(client: Client, portraits: dict[str, Path]) -> None:
    _, facts = client.predict(handle_file(portraits["young_woman"]), landmarks=True, api_name="/find_faces")
    (face,) = facts["faces"]
    left, top, right, bottom = face["box"]
    assert 100 < left < right < 420
    assert 80 < top < bottom < 400


def test_the_comparison_through_the_client(client: Client, portraits: dict[str, Path]) -> None:
    _, facts = client.predict(
        image=handle_file(portraits["astronaut"]), identity=given(portraits["moltedo"]), consent=True,
        methods=["editor", "classical"], api_name="/face_swap_comparison",
    )  # fmt: skip
    assert set(facts["methods"]) == {"image editor", "warp, light, blend"}


@pytest.mark.parametrize("path", [str(pictures.EXAMPLES / "astronaut.jpg"), "../demos/examples/astronaut.jpg"])
@pytest.mark.parametrize("place", ["image", "identity"])
def test_pictures_of_the_server_cannot_be_read(place: str, path: str, app_url: str, client: Client) -> None:
    """A picture with a face that the server has, and that nobody has uploaded."""
    _, info = request(f"{app_url}/gradio_api/info")
    parameters = info["named_endpoints"]["/face_swap"]["parameters"]
    values = {each["parameter_name"]: each.get("parameter_default") for each in parameters}
    values |= {"consent": True, "method": "network"}
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    values[place] = file if place == "image" else [{"image": file, "caption": None}]
    status, answer = request(f"{app_url}/gradio_api/call/face_swap", {"data": [*values.values()]})
    stream = str(answer)
    if status == 200:
        _, stream = request(f"{app_url}/gradio_api/call/face_swap/{answer['event_id']}")
    assert "event: complete" not in str(stream)
    assert "error" in str(stream) or "detail" in str(stream)


def test_a_file_of_two_visits_goes_with_the_later_one(tmp_path: Path) -> None:
    shared, own, example = (pictures.saved(pictures.scene(), tmp_path / f"{name}.png") for name in "abc")
    visits = Visits()
    visits.note("first", [str(shared), str(own), str(example)])
    visits.note("second", [str(shared)])
    visits.forget("first", lambda: {str(example)})
    assert shared.exists()
    assert not own.exists()
    assert example.exists(), "the page's own"
    visits.forget("second")
    assert not shared.exists()
    visits.forget("never seen")


def test_visits_are_bounded() -> None:
    visits = Visits()
    for index in range(MOST_VISITS + 50):
        visits.note(str(index), [f"/nowhere/{index}-{number}" for number in range(3)])
    visits.note("many", [f"/nowhere/{number}" for number in range(2 * MOST_FILES)])
    assert len(visits._paths) == MOST_VISITS
    assert len(visits._paths["many"]) == MOST_FILES
