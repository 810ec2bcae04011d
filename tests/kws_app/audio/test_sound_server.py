"""Microphones by the names of the desktop: with a real sound server, and without a sound server."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kws_app.audio import sound_server
from kws_app.audio.device_scan import look_for_microphones
from kws_app.audio.meters import SILENCE_DB, Meters
from kws_app.audio.microphone import MicrophoneSource
from kws_app.audio.portaudio import Microphone, list_microphones
from kws_app.audio.sound_server import ServerMicrophone, ask_server, id_in, label_in, led_to, numbered
from kws_app.audio.source import Phase
from kws_app.errors import AudioError
from tests.soak.sound_server import SoundServer
from tests.support.loudness import bursts
from tests.support.waiting import PATIENCE_S, until

LABEL = "Remapped Monitor of Null Output"  # the server's own word for `vmic`
DESK = Microphone("Desk [desk]", "Desk")
VMIC = Microphone(f"{LABEL} [vmic]", LABEL)
Make = Callable[..., MicrophoneSource]


@pytest.fixture
def server(virtual_microphone: SoundServer, monkeypatch: pytest.MonkeyPatch) -> SoundServer:
    """Two microphones: `vmic`, the default, and `desk`."""
    for name, value in virtual_microphone.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("kws_app.audio.portaudio._open_streams", 0)  # whatever other tests left open
    virtual_microphone.add_microphone("desk", "second_speaker", "Desk")
    list_microphones(rescan=True)
    return virtual_microphone


def hears(source: MicrophoneSource, server: SoundServer, word: Path, loudspeaker: str) -> bool:
    """Whether a microphone hears what is played to a loudspeaker."""
    assert source.feed is not None
    source.feed.reader.read(10_000_000)
    server.play(word, loudspeaker).wait()
    heard = source.feed.reader.read(10_000_000).samples
    return bool(np.abs(heard).max(initial=0.0) > 0.1)


def test_the_servers_microphones_are_listed_as_the_desktop_shows_them(server: SoundServer):
    assert list_microphones() == [Microphone("", f"Default microphone ({LABEL})"), VMIC, DESK]
    server.add_microphone("desk2", "third_speaker", "Desk")
    assert list_microphones()[-1] == Microphone("Desk (2) [desk2]", "Desk (2)")


@pytest.mark.long
def test_the_one_that_is_chosen_is_opened_and_no_other(server: SoundServer, microphone: Make, write_wav):
    word = write_wav(bursts(0.1, 0.6, duration_s=1.2))
    for chosen, loudspeaker, other in ((DESK, "second_speaker", "vspk"), (VMIC, "vspk", "second_speaker")):
        source = microphone(chosen.name)
        assert source.name == chosen.label
        source.start()
        until(lambda source=source: source.state.phase is Phase.LISTENING)
        until(lambda source=source, at=loudspeaker: hears(source, server, word, at))
        assert not hears(source, server, word, other)
        source.stop()
    assert "PULSE_SOURCE" not in os.environ


@pytest.mark.long
def test_a_chosen_microphone_that_is_unplugged_is_waited_for_and_not_replaced(server: SoundServer, microphone: Make):
    server.pactl("load-module", "module-rescue-streams")  # as a desktop does: streams go on with another microphone
    source = microphone(DESK.name)
    source.start()
    until(lambda: source.state.phase is Phase.LISTENING)
    first = source.feed
    server.pactl("unload-module", "module-remap-source")
    server.pactl("load-module", "module-remap-source", "source_name=vmic", "master=vspk.monitor")
    until(lambda: source.state.phase is Phase.WAITING)
    until(
        lambda: source.state.message == "Microphone 'Desk' is not connected: plug it in, or choose another microphone."
    )
    server.add_microphone("desk", "second_speaker", "Desk")
    until(lambda: source.state.phase is Phase.LISTENING)
    assert source.feed is not first


def test_the_list_is_right_while_a_microphone_is_open(server: SoundServer, microphone: Make, monkeypatch):
    source = microphone(VMIC.name)
    source.start()
    until(lambda: source.state.phase is Phase.LISTENING)
    server.add_microphone("new", "third_speaker", "New")
    monkeypatch.setattr("sys.executable", "/nonexistent")  # no process is needed for it
    assert look_for_microphones(rescan=True)[-1] == Microphone("New [new]", "New")


def test_a_server_that_hangs_or_is_gone_leaves_the_list_of_before(server: SoundServer, caplog):
    assert ask_server() is not None
    server.freeze()
    assert ask_server(0.2) is None and ask_server(0.2) is None
    server.thaw()
    until(lambda: ask_server() is not None)
    server.kill()
    assert ask_server() is None


def test_two_microphones_show_their_levels_at_once(server: SoundServer, write_wav):
    meters = Meters([VMIC.name, DESK.name, "Gone [gone]"])
    meters.start()
    until(lambda: set(meters.levels_db()) == {VMIC.name, DESK.name} and "Gone [gone]" in meters.failed)
    player = server.play(write_wav(bursts(0.1, duration_s=0.6)), "second_speaker")
    loudest = dict.fromkeys((VMIC.name, DESK.name), SILENCE_DB)

    def desk_is_loud() -> bool:
        for name, level_db in meters.levels_db().items():
            loudest[name] = max(loudest[name], level_db)
        return loudest[DESK.name] > -20

    until(desk_is_loud)
    player.wait()
    assert loudest[VMIC.name] < -60
    meters.stop()
    assert meters.wait(PATIENCE_S)
    assert "'Gone' is not connected" in meters.failed["Gone [gone]"]


def test_alsas_words_for_the_default_are_not_listed_where_no_server_answers(portaudio, monkeypatch):
    made_up = portaudio([("pulse", 0, 32, (16_000,)), ("default", 0, 32, (16_000,)), ("USB mic", 0, 1, (16_000,))])
    monkeypatch.setattr(made_up, "query_hostapis", lambda: [{"name": "ALSA", "devices": [0, 1, 2]}])
    monkeypatch.setattr("kws_app.audio.portaudio.ask_server", lambda: None)
    usb = Microphone("USB mic", "USB mic (ALSA)")
    assert list_microphones() == [Microphone("", "Default microphone"), usb]
    made_up.devices = made_up.devices[:2]
    monkeypatch.setattr(made_up, "query_hostapis", lambda: [{"name": "ALSA", "devices": [0, 1]}])
    assert list_microphones() == [Microphone("", "Default microphone")]


def test_a_name_that_was_remembered_before_is_still_found(portaudio, microphone: Make):
    made_up = portaudio([("pulse", 0, 32, (16_000,)), ("mic", 0, 1, (16_000,))], default=1)
    source = microphone("pulse")
    source.start()
    until(lambda: len(made_up.streams) == 1)
    assert made_up.streams[0].settings["device"] == 0


def test_two_devices_of_one_name_are_numbered_and_both_open(portaudio, microphone: Make):
    made_up = portaudio([("USB mic", 0, 1, (16_000,)), ("USB mic", 0, 0, (16_000,)), ("USB mic", 0, 1, (16_000,))])
    assert [each.label for each in list_microphones()[1:]] == ["USB mic (API 0)", "USB mic (2) (API 0)"]
    for number, (name, index) in enumerate((("USB mic", 0), ("USB mic (2)", 2), ("USB mic (2) (API 0)", 2))):
        source = microphone(name)
        source.start()
        until(lambda number=number: len(made_up.streams) > number)
        assert made_up.streams[number].settings["device"] == index


def test_a_server_without_a_microphone_is_said(portaudio, monkeypatch):
    made_up = portaudio([("pulse", 0, 32, (16_000,))])
    monkeypatch.setattr(made_up, "query_hostapis", lambda: [{"name": "ALSA", "devices": [0]}])
    monkeypatch.setattr("kws_app.audio.portaudio.ask_server", lambda: sound_server.ServerAnswer([], ""))
    with pytest.raises(AudioError, match="No microphone was found"):
        list_microphones()


def test_names_hold_the_servers_own_and_can_be_read():
    built_in = ServerMicrophone("alsa_input.pci-0000_00_1f.3.analog-stereo", "Built-in Audio [rear]")
    assert id_in(built_in.name) == built_in.id and label_in(built_in.name) == built_in.label
    for name in ("", "pulse", "USB mic (ALSA)", "odd]", "odd [x"):
        assert id_in(name) == "" and label_in(name) == name
    assert numbered(["a", "b", "a", "a"]) == ["a", "b", "a (2)", "a (3)"]


def test_the_environment_is_as_before(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PULSE_SOURCE", "mine")
    monkeypatch.delenv("PIPEWIRE_NODE", raising=False)
    with led_to("desk"):
        assert os.environ["PULSE_SOURCE"] == os.environ["PIPEWIRE_NODE"] == "desk"
    with led_to(""):
        assert os.environ["PULSE_SOURCE"] == "mine"
    assert "PIPEWIRE_NODE" not in os.environ
