"""The faults of the soak, at random, and how soon the app notices each fault and recovers."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kws_app.audio.source import Phase, Source
from tests.soak.sound_server import SoundServer

NOTICED_S, RESUMED_S = 1.5, 2.0  # seconds that are promised
GIVE_UP_S = 30.0
LOOK_S = 0.01
LASTS_S = (2.5, 7.0)
STALL_S = 5.0


@dataclass(frozen=True)
class Fault:
    """A fault: `begin` causes it, `end` undoes it."""

    name: str
    begin: Callable[[], object]
    end: Callable[[], object] = lambda: None
    silences: bool = True  # whether the microphone is silent meanwhile, which the app must notice
    lasts_s: tuple[float, float] = LASTS_S


@dataclass
class Disturbance:
    """A fault that happened, in monotonic seconds. `noticed` and `resumed` are None if they never came."""

    fault: Fault
    begun: float
    ended: float = field(default=float("inf"))
    noticed: float | None = None
    resumed: float | None = None

    @property
    def noticed_s(self) -> float | None:
        return None if self.noticed is None else self.noticed - self.begun

    @property
    def resumed_s(self) -> float | None:
        return None if self.resumed is None else self.resumed - self.ended


def sound_faults(server: SoundServer) -> list[Fault]:
    """The faults of the microphone and the sound server."""
    return [
        Fault("microphone unplugged", server.unplug, server.plug_in),
        Fault("sound server killed", server.kill, server.start),
        Fault("microphone suspended", lambda: server.suspend(True), lambda: server.suspend(False)),
        Fault("sound server frozen", server.freeze, server.thaw),
        Fault(
            "default microphone changed",
            lambda: server.make_default("vspk.monitor"),
            server.make_default,
            silences=False,
        ),
        Fault(
            "microphone removed, another there",
            lambda: server.pactl("unload-module", "module-remap-source"),
            lambda: server.pactl("load-module", "module-remap-source", "source_name=vmic", "master=vspk.monitor"),
            silences=False,  # the server moves the stream to the other microphone, which hears the same sound
        ),
    ]


def folder_fault(folder: Path) -> Fault:
    """The data folder goes away and a file takes its place: a writer sees the same on a removed disk."""
    aside = folder.with_name(folder.name + " aside")

    def take() -> None:
        folder.rename(aside)
        folder.write_text("")

    def give() -> None:
        folder.unlink()
        aside.rename(folder)

    return Fault("data folder gone", take, give, silences=False)


def inject(fault: Fault, source: Callable[[], Source | None], rng: np.random.Generator) -> Disturbance:
    """Cause a fault, undo it, and wait until the app listens again."""

    def listening() -> bool:
        current = source()
        return current is not None and current.state.phase is Phase.LISTENING

    disturbance = Disturbance(fault, time.monotonic())
    fault.begin()
    begun = disturbance.begun = time.monotonic()
    until = begun + rng.uniform(*fault.lasts_s)
    while time.monotonic() < until:
        if disturbance.noticed is None and not listening():
            disturbance.noticed = time.monotonic()
        time.sleep(LOOK_S)
    fault.end()
    disturbance.ended = time.monotonic()
    while time.monotonic() < disturbance.ended + GIVE_UP_S:
        if listening():
            disturbance.resumed = time.monotonic()
            break
        time.sleep(LOOK_S)
    return disturbance
