"""settings.json: written whole, private, and never the reason that the app does not start."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from kws_app.actions.choices import CommandChoice, KeywordActions
from kws_app.settings import Settings, SettingsFile


def test_what_is_saved_is_loaded(tmp_path: Path):
    settings = Settings("happy/student", "USB mic", {"happy/student": 0.7}, "00ff")
    SettingsFile(tmp_path).save(settings)
    assert SettingsFile(tmp_path).load() == (settings, "")


def test_a_first_run_has_the_defaults_and_nothing_to_say(tmp_path: Path):
    assert SettingsFile(tmp_path / "none").load() == (Settings(), "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '"x"',
        '{"version": 99}',
        '{"version": 1, "model": 3}',
        '{"version": 1, "thresholds": {"a": 2}}',
        '{"version": 1, "thresholds": {"a": NaN}}',
        '{"version": 1, "thresholds": {"a": 1%s}}' % ("0" * 400),
        '{"version": 1, "thresholds": []}',
        '{"version": 1, "actions": []}',
        '{"version": 1, "actions": {"happy": {"sound": 3}}}',
        '{"version": 1, "actions": {"happy": {"command": {"arguments": "ls"}}}}',
        '{"version": 1, "start_minimised": 1}',
        '{"version": 1, "keep_in_tray": null}',
        "\x00\x01",
        "[" * 100_000,
    ],
)
def test_a_broken_file_is_set_aside_with_a_notice(tmp_path: Path, text: str):
    (tmp_path / "settings.json").write_text(text)
    settings, notice = SettingsFile(tmp_path).load()
    assert settings == Settings()
    assert "settings.broken.json" in notice
    assert (tmp_path / "settings.broken.json").read_text() == text
    assert not (tmp_path / "settings.json").exists()


def test_unknown_fields_of_the_same_version_are_passed_over(tmp_path: Path):
    (tmp_path / "settings.json").write_text('{"version": 1, "model": "a/b", "colour": "red"}')
    assert SettingsFile(tmp_path).load() == (Settings(model="a/b"), "")


def test_actions_are_those_of_their_keyword(tmp_path: Path):
    actions = KeywordActions(sound=True, command=CommandChoice(True, ("a", "b c")))
    SettingsFile(tmp_path).save(Settings(actions={"happy": actions.to_dict()}, keep_in_tray=True))
    settings, notice = SettingsFile(tmp_path).load()
    assert (settings.actions_of("happy"), settings.actions_of("sheila"), notice) == (actions, KeywordActions(), "")
    assert settings.keep_in_tray and not settings.start_minimised


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_only_the_owner_may_read(tmp_path: Path):
    SettingsFile(tmp_path / "new").save(Settings())
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "new" / "settings.json").stat().st_mode) == 0o600


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = SettingsFile(tmp_path)
    file.save(Settings(model="a/b"))

    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        file.save(Settings(model="c/d"))
    assert json.loads(file.path.read_text())["model"] == "a/b"
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]
