"""PortAudio for one caller at a time: its devices and their formats.

Only this module imports sounddevice. A call may take a second, so any thread but the window's thread may call it. Its
neighbours are microphone.py, which listens, and playback.py, which plays.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kws_app.audio.alsa_noise import silence_alsa
from kws_app.audio.sound_server import ServerAnswer, ask_server, id_in, label_in, numbered
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.errors import AudioError
from kws_app.translation import _

ANSWER_S = 3.0  # a sound system without an answer after this time counts as stuck

SERVER_ALIASES = ("pulse", "pipewire", "default")  # ALSA's names for the sound server, the most reliable first
ALIASES = frozenset((*SERVER_ALIASES, "sysdefault"))  # ALSA's names for the default microphone

_lock = threading.Lock()  # two functions of PortAudio must not run at the same time
_open_streams = 0  # read and written under the lock, only in this module


@dataclass(frozen=True)
class Microphone:
    """A microphone that the user can choose. The settings keep `name`; the empty name is the system's default."""

    name: str  # with the id of the sound server; without a server, with the host API if it is not the default API
    label: str  # for the user


@contextmanager
def portaudio(patience_s: float = ANSWER_S) -> Iterator[Any]:
    """The sounddevice module, for one caller at a time. patience_s: longest wait for other callers; -1 for no limit

    sounddevice is imported here and not above, because its import starts PortAudio: this takes long, PortAudio may be
    missing, and files do not need it.
    raises AudioError if the sound system is busy for too long, is missing, or reports an error
    """
    if not _lock.acquire(timeout=patience_s):
        raise AudioError(_("The sound system does not answer: wait, restart it, or open a file."))
    try:
        silence_alsa()
        try:
            import sounddevice
        except OSError as error:
            raise AudioError(
                _(
                    "Microphones need the PortAudio library ({error}): install it, on Debian and Ubuntu with `apt "
                    "install libportaudio2`, or open a file.",
                    error=error,
                )
            ) from error
        try:
            yield sounddevice
        except sounddevice.PortAudioError as error:
            raise AudioError(
                _("The sound system reports an error ({error}). The program tries again.", error=error)
            ) from error
    finally:
        _lock.release()


def has_open_stream() -> bool:
    """Whether a stream is open. Starting PortAudio again would end it."""
    return _open_streams > 0


def count_opened_stream() -> None:
    """Call it under `portaudio()` after a stream has started."""
    global _open_streams
    _open_streams += 1


def count_closed_stream() -> None:
    """Call it under `portaudio()` before or after a stream closes."""
    global _open_streams
    _open_streams -= 1


def restart_if_idle(sounddevice: Any) -> bool:
    """Restart PortAudio, so that it sees new devices. Returns False, without a restart, if a stream is open.

    sounddevice has no public function for this.
    """
    if _open_streams:
        return False
    sounddevice._terminate()
    sounddevice._initialize()
    return True


def list_microphones(rescan: bool = False) -> list[Microphone]:
    """The default microphone, then each microphone. May take a second: not for the window's thread.

    On Linux these are the microphones of the sound server, by the names that the desktop shows. On other systems, or
    without a sound server, these are PortAudio's inputs by name and host API.
    rescan: look for new devices; ignored while a stream is open, because the search would end it
    raises AudioError if there is no microphone
    """
    with portaudio() as sounddevice:
        if rescan:
            restart_if_idle(sounddevice)
        inputs = _inputs(sounddevice)
        default = _default_input(sounddevice)
        answer = ask_server() if _server_input(inputs) is not None else None
    if not inputs or (answer is not None and not answer.microphones):
        raise AudioError(_("No microphone was found: plug one in, or open a file."))
    if answer is not None:
        others = [Microphone(microphone.name, microphone.label) for microphone in answer.microphones]
        return [_default_microphone(answer.default), *others]
    others = [Microphone(name, each.label) for name, each in inputs.items() if not each.is_alias]
    return [_default_microphone("" if default is None or default in ALIASES else default), *others]


def _default_microphone(label: str) -> Microphone:
    label = _("Default microphone ({default})", default=label) if label else _("Default microphone")
    return Microphone("", label)


@dataclass(frozen=True)
class _Input:
    """A device with its present number in PortAudio."""

    index: int
    device: str  # the name, without the host API
    label: str
    is_alias: bool  # ALSA's name for the default microphone of the sound server


def _inputs(sounddevice: Any) -> dict[str, _Input]:
    """All inputs by name. Inputs of the default host API come first; other names end with their host API.

    If two devices have the same name, the second gets a (2), and so on.
    """
    apis = sounddevice.query_hostapis()
    default_input = sounddevice.default.device[0]
    order = sorted(range(len(apis)), key=lambda i: default_input not in apis[i]["devices"])
    found: dict[str, _Input] = {}
    for api in order:
        devices = {index: sounddevice.query_devices(index) for index in apis[api]["devices"]}
        inputs = {index: str(device["name"]) for index, device in devices.items() if device["max_input_channels"] > 0}
        for (index, device), numbered_name in zip(inputs.items(), numbered(list(inputs.values())), strict=True):
            label = f"{numbered_name} ({apis[api]['name']})"
            is_alias = apis[api]["name"] == "ALSA" and device in ALIASES
            found.setdefault(numbered_name if api == order[0] else label, _Input(index, numbered_name, label, is_alias))
    return found


def _server_input(inputs: dict[str, _Input]) -> _Input | None:
    """ALSA's device for the sound server; None without a sound server."""
    aliases = {each.device: each for each in inputs.values() if each.is_alias}
    return next((aliases[name] for name in SERVER_ALIASES if name in aliases), None)


def _default_input(sounddevice: Any) -> str | None:
    index = sounddevice.default.device[0]
    return None if index < 0 else str(sounddevice.query_devices(index)["name"])


@dataclass(frozen=True)
class FoundInput:
    """A device to open, and the id of the sound server's microphone that it must use; empty for the default."""

    index: int
    microphone_id: str = ""


def find_input(sounddevice: Any, name: str) -> FoundInput:
    """The input of this name; the empty name is the default. raises AudioError if it is not connected"""
    inputs = _inputs(sounddevice)
    default = _default_input(sounddevice)
    if not inputs or (not name and default is None):
        raise AudioError(_("No microphone was found: plug one in, or open a file."))
    if not name:
        return FoundInput(int(sounddevice.default.device[0]))
    # the default host API may have changed since the name was saved
    known = next((each for key, each in inputs.items() if name in (key, each.label, each.device)), None)
    if known is not None:
        return FoundInput(known.index)
    led = _server_input(inputs)
    answer = ask_server() if id_in(name) and led is not None else None
    if led is not None and answer is not None and is_there(name, answer):
        return FoundInput(led.index, id_in(name))
    raise AudioError(
        _("Microphone '{name}' is not connected: plug it in, or choose another microphone.", name=label_in(name))
    )


def is_there(name: str, answer: ServerAnswer) -> bool:
    """Whether the sound server has the microphone of this name."""
    return any(microphone.id == id_in(name) for microphone in answer.microphones)


def input_format(sounddevice: Any, index: int) -> tuple[int, int]:
    """(rate in Hz, channels): 16 kHz if the device offers it, else another rate. raises AudioError

    Two channels are preferred: if they cancel each other, a sound system that mixes them to one gives silence.
    """
    device = sounddevice.query_devices(index)
    rates = (SAMPLE_RATE, int(device["default_samplerate"]), 48_000, 44_100)
    most = device["max_input_channels"]
    formats = [(rate_hz, channels) for rate_hz in rates for channels in (min(2, most), 1)]
    formats += [(rate_hz, most) for rate_hz in rates]
    for rate_hz, channels in dict.fromkeys(formats):
        try:
            sounddevice.check_input_settings(index, channels, "float32", samplerate=rate_hz)
        except sounddevice.PortAudioError:
            continue
        return rate_hz, channels
    raise AudioError(
        _(
            "Microphone '{name}' cannot be opened: close other programs that use it, or allow access to the "
            "microphone in the system's privacy settings.",
            name=device["name"],
        )
    )


def output_format(sounddevice: Any, index: int) -> tuple[int, int]:
    """(rate in Hz, channels) of an output: 16 kHz mono if it offers that. raises AudioError"""
    device = sounddevice.query_devices(index)
    for channels in (1, min(2, device["max_output_channels"])):
        for rate_hz in (SAMPLE_RATE, int(device["default_samplerate"]), 48_000, 44_100):
            try:
                sounddevice.check_output_settings(index, channels, "float32", samplerate=rate_hz)
            except sounddevice.PortAudioError:
                continue
            return rate_hz, channels
    raise AudioError(
        _("'{name}' cannot be opened to play a sound: close other programs that use it.", name=device["name"])
    )
