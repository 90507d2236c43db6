"""Settings of an installation: read from the environment, refused by name, and documented."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.cli.main import main
from engine.contracts.errors import SettingError
from engine.contracts.messages import Listing
from engine.contracts.settings import PREFIX, Settings, read_settings, table

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings() == Settings()
    for name, value in (("QUEUE", "7"), ("METRICS", "1"), ("AUTH", ""), ("SERVICE_HOST", "10.0.0.1")):
        monkeypatch.setenv(PREFIX + name, value)
    settings = read_settings()
    assert (settings.queue, settings.metrics, settings.auth) == (7, True, "")
    assert settings == Settings(queue=7, metrics=True), "what Kubernetes gives to everything is no setting"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PENTIMENTO_QUEUE", "0"),
        ("PENTIMENTO_QUEUE", "many"),
        ("PENTIMENTO_LOG", "xml"),
        ("PENTIMENTO_GRACE_SECONDS", "inf"),
    ],
)
def test_a_wrong_setting_is_one_sentence(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as refusal:
        read_settings()
    assert (refusal.value.fields["variable"], str(refusal.value.fields["value"])) == (name, value)
    assert name in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_unknown_setting_is_answered_with_those_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENTIMENTO_QUEU", "3")
    with pytest.raises(SettingError) as refusal:
        read_settings()
    assert refusal.value.fields["variable"] == "PENTIMENTO_QUEU"
    assert refusal.value.fields["known"] == Listing([name for name, *_ in table()])


def test_the_documentation_has_the_table_of_settings() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, default, purpose in table():
        assert f"| `{name}` | {f'`{default}`' if default else '-'} | {purpose} |" in text


def test_the_command_shows_what_is_set(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENTIMENTO_AUTH", "me:secret")
    monkeypatch.setenv("PENTIMENTO_QUEUE", "9")
    assert main(["settings"]) == 0
    output = capsys.readouterr().out
    assert "PENTIMENTO_QUEUE=9" in output
    assert "secret" not in output


@pytest.mark.parametrize("name", ["pentimento_queue", "Pentimento_Queue", "PENTIMENTO_QUEU"])
def test_a_setting_with_another_spelling_is_told(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "7")
    with pytest.raises(SettingError) as refusal:
        read_settings()
    assert refusal.value.fields["variable"] == name
