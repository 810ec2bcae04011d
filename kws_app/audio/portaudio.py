"""PortAudio for one caller at a time: its devices, and the formats that a device can be opened in.

The only module that imports sounddevice. Any thread may call it, apart from the window's thread: each call may take a
second. Its neighbours are microphone.py, which listens, and playback.py, which plays.
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

ANSWER_S = 3.0  # a sound system that has not answered by then is called stuck

SERVER_ALIASES = ("pulse", "pipewire", "default")  # ALSA's devices that lead to a sound server, the surest first
ALIASES = frozenset((*SERVER_ALIASES, "sysdefault"))  # they all sound like the default microphone

_lock = threading.Lock()  # PortAudio's own functions must not run side by side
_open_streams = 0  # read and written under the lock, in this module only


@dataclass(frozen=True)
class Microphone:
    """A device to choose. Kept in the settings is `name`; the empty name is the system's default."""

    name: str  # of the sound server's with its id; of PortAudio's with the host API where that is not the default one
    label: str  # what the user reads


@contextmanager
def portaudio(patience_s: float = ANSWER_S) -> Iterator[Any]:
    """The sounddevice module, for one caller at a time; -1 waits for the others for ever.

    Imported here and not above: importing it starts PortAudio, which takes long, may be missing, and is not
    needed for files.
    raises AudioError if it cannot be had
    """
    if not _lock.acquire(timeout=patience_s):
        raise AudioError(_("The sound system does not answer: waiting for it, or restart it (or open a file)."))
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
            raise AudioError(_("The sound system reports an error ({error}): trying again.", error=error)) from error
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
    """Let PortAudio see the devices that are there now, unless a stream is open. Returns whether it did.

    There is no public way to do this.
    """
    if _open_streams:
        return False
    sounddevice._terminate()
    sounddevice._initialize()
    return True


def list_microphones(rescan: bool = False) -> list[Microphone]:
    """The default first, then each microphone. May take a second: not for the window's thread.

    On Linux they are the sound server's, by the names that the desktop shows. Elsewhere, and where no server answers,
    they are PortAudio's inputs by name and host API.
    rescan: look for devices that were plugged in since; ignored while a stream is open, which it would end
    raises AudioError if there is none
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
    """A device as PortAudio numbers it today."""

    index: int
    device: str  # its name alone
    label: str
    is_alias: bool  # ALSA's word for whatever the sound server makes the default


def _inputs(sounddevice: Any) -> dict[str, _Input]:
    """By name, those of the default host API first; the names of the others end with theirs.

    The second of two devices that are called alike gets a (2), and so on.
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
    """ALSA's device that leads to the sound server; None where there is none."""
    aliases = {each.device: each for each in inputs.values() if each.is_alias}
    return next((aliases[name] for name in SERVER_ALIASES if name in aliases), None)


def _default_input(sounddevice: Any) -> str | None:
    index = sounddevice.default.device[0]
    return None if index < 0 else str(sounddevice.query_devices(index)["name"])


@dataclass(frozen=True)
class FoundInput:
    """A device to open, and the microphone of the sound server that it is to be led to; empty for the default."""

    index: int
    microphone_id: str = ""


def find_input(sounddevice: Any, name: str) -> FoundInput:
    """The input called `name`; the default for the empty name. raises AudioError if it is not there"""
    inputs = _inputs(sounddevice)
    default = _default_input(sounddevice)
    if not inputs or (not name and default is None):
        raise AudioError(_("No microphone was found: plug one in, or open a file."))
    if not name:
        return FoundInput(int(sounddevice.default.device[0]))
    # the default host API may be another than when the name was remembered
    known = next((each for key, each in inputs.items() if name in (key, each.label, each.device)), None)
    if known is not None:
        return FoundInput(known.index)
    led = _server_input(inputs)
    answer = ask_server() if id_in(name) and led is not None else None
    if led is not None and answer is not None and is_there(name, answer):
        return FoundInput(led.index, id_in(name))
    raise AudioError(_("Microphone '{name}' is not there: plug it in, or choose another.", name=label_in(name)))


def is_there(name: str, answer: ServerAnswer) -> bool:
    """Whether the microphone that was remembered is among those of the sound server."""
    return any(microphone.id == id_in(name) for microphone in answer.microphones)


def input_format(sounddevice: Any, index: int) -> tuple[int, int]:
    """(rate in Hz, channels): 16 kHz where the device offers it, else what comes nearest.

    Two channels before one: where they cancel each other, a sound system that mixes them gives silence.
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
            "Microphone '{name}' cannot be opened: another program may hold it, or access to the microphone is "
            "switched off in the system's privacy settings.",
            name=device["name"],
        )
    )


def output_format(sounddevice: Any, index: int) -> tuple[int, int]:
    """(rate in Hz, channels) at which an output can be opened; 16 kHz mono where it offers that."""
    device = sounddevice.query_devices(index)
    for channels in (1, min(2, device["max_output_channels"])):
        for rate_hz in (SAMPLE_RATE, int(device["default_samplerate"]), 48_000, 44_100):
            try:
                sounddevice.check_output_settings(index, channels, "float32", samplerate=rate_hz)
            except sounddevice.PortAudioError:
                continue
            return rate_hz, channels
    raise AudioError(_("'{name}' cannot be opened to play anything: another program may hold it.", name=device["name"]))
