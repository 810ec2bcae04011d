"""The microphones as the desktop's sound server names them (PulseAudio, or PipeWire in its place), on Linux.

PortAudio sees them all as one device of ALSA, called "pulse" or "default". A stream of that device is led to one
microphone by an environment variable, which the sound system reads when the stream opens. Any thread may ask, apart
from the window's.
"""

import os
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

ANSWER_S = 2.0  # a server that has not answered by then is taken to be stuck
CLIENT_NAME = "kws-app"
STREAM_VARIABLES = ("PULSE_SOURCE", "PIPEWIRE_NODE")  # of ALSA's plugins for the two servers

_asking: threading.Thread | None = None  # the last one; a server that hangs is asked once, not again and again
_asking_lock = threading.Lock()


@dataclass(frozen=True)
class ServerMicrophone:
    """A microphone of the sound server."""

    id: str  # the server's own name, which stays the same when the device is plugged in again
    label: str  # as the desktop shows it; numbered where two are called alike

    @property
    def name(self) -> str:
        """What is remembered: it can be read, and found again."""
        return f"{self.label} [{self.id}]"


@dataclass(frozen=True)
class ServerAnswer:
    """All microphones, and the label of the default one; the label is empty where that is no microphone."""

    microphones: list[ServerMicrophone]
    default: str


def id_in(name: str) -> str:
    """The server's own name in a name that was remembered; empty where it is no microphone of a server."""
    found = re.search(r" \[([^\[\]]+)\]$", name)
    return found[1] if found else ""


def label_in(name: str) -> str:
    """What to call a microphone by the name that was remembered."""
    return name[: -len(f" [{id_in(name)}]")] if id_in(name) else name


def ask_server(patience_s: float = ANSWER_S) -> ServerAnswer | None:
    """The server's microphones; None where there is no server, it does not answer, or pulsectl is not installed."""
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
    except (ImportError, OSError):  # not installed, or without the server's library
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
    """The labels, where the second of two that are alike gets a (2), and so on."""
    counts: Counter[str] = Counter()
    found = []
    for label in labels:
        counts[label] += 1
        found.append(label if counts[label] == 1 else f"{label} ({counts[label]})")
    return found


@contextmanager
def led_to(microphone_id: str) -> Iterator[None]:
    """Streams that are opened within the block hear this microphone; the empty name leaves the choice to the server.

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
