"""The list of microphones while a microphone is open. test_end_to_end.py goes through a real process."""

import json
import sys

import pytest

from kws_app.audio import device_scan, portaudio
from kws_app.audio.portaudio import Microphone

KNOWN = [Microphone("", "Default microphone (one)"), Microphone("one", "one (ALSA)")]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """This process knows of one; what it was asked for."""
    asked: list[bool] = []
    monkeypatch.setattr(device_scan, "list_microphones", lambda rescan=False: (asked.append(rescan), KNOWN)[1])
    return asked


@pytest.mark.parametrize(("open_streams", "rescan"), [(0, True), (1, False)])
def test_no_process_is_started_where_this_one_can_look(known, monkeypatch, open_streams: int, rescan: bool):
    monkeypatch.setattr(portaudio, "_open_streams", open_streams)
    monkeypatch.setattr(device_scan, "ask_server", lambda: None)
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    assert device_scan.look_for_microphones(rescan) == KNOWN
    assert known == [rescan]


@pytest.mark.parametrize(("program", "remark"), [("/nonexistent", "No such file"), ("/bin/false", "status")])
def test_where_the_process_fails_what_was_known_is_listed(known, monkeypatch, caplog, program: str, remark: str):
    monkeypatch.setattr(portaudio, "_open_streams", 1)
    monkeypatch.setattr(device_scan, "ask_server", lambda: None)
    monkeypatch.setattr(sys, "executable", program)
    assert device_scan.look_for_microphones(rescan=True) == KNOWN
    assert remark in caplog.text


def test_microphones_are_printed_one_a_line(known, capsys):
    device_scan.print_microphones()
    assert [Microphone(**json.loads(line)) for line in capsys.readouterr().out.splitlines()] == KNOWN
