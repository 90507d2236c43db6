"""The catalogue: what it refuses, and what it says to a name that it does not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.contracts.errors import UnknownNameError, WeightsCorruptError
from engine.model_store.catalogue import Catalogue, catalogue

RECORD: dict[str, Any] = {**vars(catalogue()["compact-sr"]), "repo": "somebody/small", "revision": 40 * "1"}


def test_the_catalogue_refuses_what_it_cannot_trust() -> None:
    assert [each.name for each in Catalogue([RECORD])] == [RECORD["name"]]
    assert list(Catalogue([{**RECORD, "revision": "main"}])), "where no commit is known"
    for records in (
        [RECORD, RECORD],
        [{**RECORD, "revision": "128d470"}],
        [{**RECORD, "sha256": ""}],
        [{key: value for key, value in RECORD.items() if key != "licence"}],
        [{**RECORD, "licences": "MIT"}],
    ):
        with pytest.raises(ValueError):
            Catalogue(records)


def test_a_name_that_is_nearly_right_is_answered_with_the_right_one() -> None:
    with pytest.raises(UnknownNameError) as refusal:
        catalogue()["vgg19-imagnet"]
    assert (refusal.value.fields["name"], refusal.value.fields["nearest"]) == ("vgg19-imagnet", "vgg19-imagenet")


@pytest.mark.parametrize("content", [None, b"", b"{", b"[1]", b'[{"name": "a"}]', b"\xff\xfe", b"{}x"])
def test_a_damaged_catalogue_is_one_sentence(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.model_store.catalogue.FOLDER", tmp_path)
    if content is not None:
        (tmp_path / "catalogue.json").write_bytes(content)
    with pytest.raises(WeightsCorruptError) as refusal:
        catalogue.__wrapped__()
    assert refusal.value.fields == {"file": str(tmp_path / "catalogue.json")}
