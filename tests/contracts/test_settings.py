from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli.main import main
from engine.contracts.errors import ParameterError
from engine.contracts.settings import Settings, settings, table

README = Path(__file__).parents[2] / "README.md"


def test_settings_are_read_from_the_environment() -> None:
    found = settings({"PENTIMENTO_QUEUE": "7", "PENTIMENTO_METRICS": "1", "PENTIMENTO_AUTH": "", "PATH": "/bin"})
    assert (found.queue, found.metrics, found.auth) == (7, True, "")
    assert settings({}) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("PENTIMENTO_QUEUE", "0", "greater than or equal to 1"),
        ("PENTIMENTO_QUEUE", "many", "valid integer"),
        ("PENTIMENTO_LOG", "xml", "'json' or 'off'"),
        ("PENTIMENTO_QUEU", "3", "There is no setting PENTIMENTO_QUEU; there are PENTIMENTO_DEVICE"),
    ],
)
def test_a_wrong_setting_is_one_sentence(name: str, value: str, word: str) -> None:
    with pytest.raises(ParameterError, match=word) as raised:
        settings({name: value})
    assert name in str(raised.value)


def test_the_readme_has_the_table_of_settings() -> None:
    text = README.read_text(encoding="utf-8")
    for name, default, told in table():
        assert f"| `{name}` | {f'`{default}`' if default else '-'} | {told} |" in text


def test_the_command_shows_what_is_set(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENTIMENTO_AUTH", "me:secret")
    monkeypatch.setenv("PENTIMENTO_QUEUE", "9")
    assert main(["settings"]) == 0
    told = capsys.readouterr().out
    assert "PENTIMENTO_QUEUE=9" in told
    assert "secret" not in told
