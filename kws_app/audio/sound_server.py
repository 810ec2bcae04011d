"""The microphones of the desktop's sound server on Linux (PulseAudio or PipeWire).

PortAudio sees all of them as one ALSA device, called "pulse" or "default". An environment variable chooses the
microphone of a stream; the sound system reads it when the stream opens. Any thread but the window's thread may ask.
"""

import os
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

ANSWER_S = 2.0  # a server without an answer after this time counts as stuck
CLIENT_NAME = "kws-app"
STREAM_VARIABLES = ("PULSE_SOURCE", "PIPEWIRE_NODE")  # read by ALSA's plugins for PulseAudio and PipeWire

_asking: threading.Thread | None = None  # the last question; while it waits for a stuck server, none is added
_asking_lock = threading.Lock()


@dataclass(frozen=True)
class ServerMicrophone:
    """A microphone of the sound server."""

    id: str  # the server's own name; it stays the same when the device is plugged in again
    label: str  # the name on the desktop; numbered if two microphones have the same name

    @property
    def name(self) -> str:
        """The name for the settings: a user can read it, and `id_in` finds the id in it."""
        return f"{self.label} [{self.id}]"


@dataclass(frozen=True)
class ServerAnswer:
    """All microphones, and the label of the default microphone; empty if the default source is no microphone."""

    microphones: list[ServerMicrophone]
    default: str


def id_in(name: str) -> str:
    """The id in a saved name; empty if the name has no id."""
    found = re.search(r" \[([^\[\]]+)\]$", name)
    return found[1] if found else ""


def label_in(name: str) -> str:
    """The label in a saved name."""
    return name[: -len(f" [{id_in(name)}]")] if id_in(name) else name


def ask_server(patience_s: float = ANSWER_S) -> ServerAnswer | None:
    """The server's microphones. None without a server, without an answer, or if pulsectl is not installed."""
    global _asking
    answers: list[ServerAnswer] = []

    def ask() -> None:
        answer = _ask()
        if answer is not None:
            answers.append(answer)

    if not sys.platform.startswith("linux"):
        return None
    with _asking_lock:
        if _asking is not None and _asking.is_alive():
            return None
        _asking = asking = threading.Thread(target=ask, name="sound server", daemon=True)
        asking.start()
    asking.join(patience_s)
    return answers[0] if answers else None


def _ask() -> ServerAnswer | None:
    try:
        import pulsectl
    except (ImportError, OSError):  # pulsectl or the library of PulseAudio is not installed
        return None
    try:
        with pulsectl.Pulse(CLIENT_NAME, connect=False) as pulse:
            pulse.connect(autospawn=False)
            sources = [source for source in pulse.source_list() if source.monitor_of_sink_name is None]
            default = pulse.server_info().default_source_name
    except (pulsectl.PulseError, pulsectl.PulseDisconnected, OSError):
        return None
    labels = numbered([str(source.description or source.name) for source in sources])
    microphones = [ServerMicrophone(source.name, label) for source, label in zip(sources, labels, strict=True)]
    of_default = next((microphone.label for microphone in microphones if microphone.id == default), "")
    return ServerAnswer(microphones, of_default)


def numbered(labels: list[str]) -> list[str]:
    """The labels; if two are the same, the second gets a (2), and so on."""
    counts: Counter[str] = Counter()
    found = []
    for label in labels:
        counts[label] += 1
        found.append(label if counts[label] == 1 else f"{label} ({counts[label]})")
    return found


@contextmanager
def led_to(microphone_id: str) -> Iterator[None]:
    """Streams that are opened within the block use this microphone. With an empty id the server chooses.

    Call it under `portaudio()`: it changes the environment of the process.
    """
    if not microphone_id:
        yield
        return
    before = {name: os.environ.get(name) for name in STREAM_VARIABLES}
    os.environ.update(dict.fromkeys(STREAM_VARIABLES, microphone_id))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
