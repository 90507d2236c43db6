"""The face swap through the public API: consent, many pictures in one argument, doors that stay closed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import numpy
import pytest
from gradio.components.gallery import GalleryData, GalleryImage
from gradio.data_classes import ImageData
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from demos.components.uploads import PicturesUpload
from demos.i18n.language import Words
from demos.serving.sessions import MOST_FILES, MOST_SESSIONS, Sessions
from engine import TASKS, PentimentoError, Runtime, open_picture
from engine.contracts.errors import (
    ConsentError,
    FaceError,
    MissingInputError,
    ParameterError,
    PictureError,
    TooManyInputsError,
)
from tests.support import pictures
from tests.support.hub_calls import (
    UPLOADED,
    call,
    check_refusal,
    defaults,
    endpoints,
    refusal_of,
    refusal_of_file,
    worked,
)
from tests.support.runs import fields_of

SWAP = TASKS["face-swap"]


@pytest.fixture
def portraits(tmp_path: Path) -> dict[str, Path]:
    names = ("astronaut", "moltedo", "young_woman")
    return {name: pictures.saved(pictures.portrait(name), tmp_path / f"{name}.png") for name in names}


def gallery(*paths: Path) -> list[dict[str, Any]]:
    """Several pictures as one argument."""
    return [{"image": handle_file(path), "caption": None} for path in paths]


def refusal_of_upload(*paths: Path) -> PentimentoError:
    """What the page's upload for the identity makes of files that are as if uploaded."""
    with Words(), gr.Blocks(analytics_enabled=False):
        upload = PicturesUpload(SWAP.input("identity"))
    upload.GRADIO_CACHE = str(paths[0].parent)
    images = [GalleryImage(image=ImageData(path=str(path))) for path in paths]
    refusal = upload.preprocess(GalleryData(root=[*images]))
    assert isinstance(refusal, PentimentoError)
    return refusal


def test_a_swap_with_two_pictures_of_the_identity(client: Client, portraits: dict[str, Path]) -> None:
    result, facts = client.predict(
        image=handle_file(portraits["astronaut"]), identity=gallery(portraits["young_woman"], portraits["moltedo"]),
        consent=True, method="classical", api_name="/face_swap",
    )  # fmt: skip
    assert [each["picture"] for each in facts["ranking"]] == [2, 1]
    with Image.open(result) as image:
        assert image.format == "PNG"
        assert image.size == (512, 512)
        assert b"compositeWithTrainedAlgorithmicMedia" in Path(result).read_bytes()
        after = numpy.asarray(image.convert("RGB"))
    assert (after[400:, :300] == numpy.asarray(pictures.portrait())[400:, :300]).all()


def test_without_consent_nothing_is_made(client: Client, portraits: dict[str, Path], runtime: Runtime) -> None:
    pair = {"image": handle_file(portraits["astronaut"]), "identity": gallery(portraits["moltedo"])}
    inputs = {"image": [open_picture(portraits["astronaut"])], "identity": [open_picture(portraits["moltedo"])]}
    for name in ("face-swap", "face-swap-comparison"):
        error = refusal_of(runtime, TASKS[name], inputs)
        assert isinstance(error, ConsentError)
        check_refusal(client, error, **pair, api_name=f"/{TASKS[name].endpoint}")


def test_the_label_cannot_be_left_out_by_a_visitor(app_url: str, client: Client, portraits: dict[str, Path]) -> None:
    corners = endpoints(app_url)["/face_swap"]["label_corner"]["type"]["enum"]
    assert len(corners) == 4
    assert "none" not in corners
    with pytest.raises(AppError) as refusal:
        client.predict(
            image=handle_file(portraits["astronaut"]), identity=gallery(portraits["moltedo"]), consent=True,
            label_corner="none", api_name="/face_swap",
        )  # fmt: skip
    assert all(corner in refusal.value.message for corner in corners), "Gradio's own sentence, with all choices"


def test_refusals_are_one_sentence(
    client: Client, portraits: dict[str, Path], tmp_path: Path, runtime: Runtime
) -> None:
    scene = pictures.saved(pictures.scene(200, 160), tmp_path / "scene.png")
    photo, consent = open_picture(portraits["astronaut"]), {"consent": True}
    named = {"image": handle_file(portraits["astronaut"]), **consent, "api_name": "/face_swap"}

    missing = refusal_of(runtime, SWAP, {"image": [photo]}, **consent)
    assert isinstance(missing, MissingInputError)
    assert missing.fields == {"input": SWAP.input("identity").label}
    check_refusal(client, missing, **named)

    identity = [open_picture(portraits["moltedo"]), open_picture(scene)]
    faceless = refusal_of(runtime, SWAP, {"image": [photo], "identity": identity}, **consent)
    assert isinstance(faceless, FaceError)
    assert fields_of(faceless.message)["number"] == 2
    check_refusal(client, faceless, **named, identity=gallery(portraits["moltedo"], scene))

    network = {"method": "network", "trained": "../../weights/style_v2"}
    untrained = refusal_of(runtime, SWAP, {"image": [photo]}, **consent, **network)
    assert isinstance(untrained, ParameterError)
    assert untrained.fields["name"] == network["trained"]
    check_refusal(client, untrained, **named, **network)


def test_uploads_of_many_pictures_are_refused_in_one_sentence(
    client: Client, portraits: dict[str, Path], tmp_path: Path
) -> None:
    named = {"image": handle_file(portraits["astronaut"]), "consent": True, "api_name": "/face_swap"}
    many = [portraits["moltedo"]] * 21
    surplus = refusal_of_upload(*many)
    assert isinstance(surplus, TooManyInputsError)
    assert surplus.fields == {"most": 20, "input": SWAP.input("identity").label, "surplus": 1}
    check_refusal(client, surplus, **named, identity=gallery(*many))

    text = tmp_path / "text.png"
    text.write_bytes(b"hello, I am not a picture")
    unreadable = refusal_of_upload(portraits["moltedo"], text)
    assert isinstance(unreadable, PictureError)
    assert unreadable.fields == {"number": 2, "problem": refusal_of_file(text).message}
    check_refusal(client, unreadable, **named, identity=gallery(portraits["moltedo"], text))


def test_faces_are_found_through_the_client(client: Client, portraits: dict[str, Path]) -> None:
    _, facts = client.predict(handle_file(portraits["young_woman"]), landmarks=True, api_name="/find_faces")
    (face,) = facts["faces"]
    left, top, right, bottom = face["box"]
    assert 100 < left < right < 420
    assert 80 < top < bottom < 400


def test_the_comparison_through_the_client(client: Client, portraits: dict[str, Path]) -> None:
    _, facts = client.predict(
        image=handle_file(portraits["astronaut"]), identity=gallery(portraits["moltedo"]), consent=True,
        methods=["editor", "classical"], api_name="/face_swap_comparison",
    )  # fmt: skip
    assert set(facts["methods"]) == {"image editor", "warp, light, blend"}


@pytest.mark.parametrize("path", [str(pictures.EXAMPLES / "astronaut.jpg"), "../demos/examples/astronaut.jpg"])
@pytest.mark.parametrize("place", ["image", "identity"])
def test_pictures_of_the_server_cannot_be_read(place: str, path: str, app_url: str) -> None:
    """A picture with a face that the server has, and that nobody has uploaded."""
    values = defaults(endpoints(app_url)["/face_swap"]) | {"consent": True, "method": "network"}
    file = {"path": path, **UPLOADED}
    values[place] = file if place == "image" else [{"image": file, "caption": None}]
    assert not worked(call(app_url, "/face_swap", [*values.values()]))


def test_a_file_of_two_sessions_goes_with_the_later_one(tmp_path: Path) -> None:
    shared, own, example = (pictures.saved(pictures.scene(), tmp_path / f"{name}.png") for name in "abc")
    sessions = Sessions()
    sessions.own("first", [str(shared), str(own), str(example)])
    sessions.own("second", [str(shared)])
    sessions.forget("first", lambda: {str(example)})
    assert shared.exists()
    assert not own.exists()
    assert example.exists(), "the page's own"
    sessions.forget("second")
    assert not shared.exists()
    sessions.forget("never seen")


def test_sessions_are_bounded() -> None:
    sessions = Sessions()
    for index in range(MOST_SESSIONS + 50):
        sessions.own(str(index), [f"/nowhere/{index}-{number}" for number in range(3)])
    sessions.own("many", [f"/nowhere/{number}" for number in range(2 * MOST_FILES)])
    assert len(sessions._paths) == MOST_SESSIONS
    assert len(sessions._paths["many"]) == MOST_FILES
