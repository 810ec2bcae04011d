"""A stand-in for PortAudio that the test controls."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np


class MadeUpStream:
    """A stream that calls back only when the test says so."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.latency = 0.04
        self.closed = False

    def start(self) -> None:
        self.settings["on_start"]()

    def abort(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    def call_back(self, samples: np.ndarray, overflow: bool = False) -> None:
        status = SimpleNamespace(input_overflow=overflow)
        self.settings["callback"](samples, len(samples), None, status)


class MadeUpPortAudio:
    """Stands in for the sounddevice module. `devices`: (name, host API, input channels, rates that it opens at)."""

    class PortAudioError(Exception):
        pass

    def __init__(self, devices: list[tuple[str, int, int, tuple[int, ...]]], default: int = 0) -> None:
        self.devices = devices
        self.default = SimpleNamespace(device=[default, -1])
        self.streams: list[MadeUpStream] = []
        self.restarts = 0
        self.on_start: Callable[[], None] = lambda: None

    def query_hostapis(self) -> list[dict[str, Any]]:
        apis = {device[1] for device in self.devices}
        return [
            {"name": f"API {api}", "devices": [i for i, device in enumerate(self.devices) if device[1] == api]}
            for api in sorted(apis)
        ]

    def query_devices(self, index: int) -> dict[str, Any]:
        name, _, channels, rates = self.devices[index]
        return {"name": name, "max_input_channels": channels, "default_samplerate": float(rates[0])}

    def check_input_settings(self, index: int, channels: int, dtype: str, samplerate: int) -> None:
        if samplerate not in self.devices[index][3] or channels > self.devices[index][2]:
            raise self.PortAudioError("Invalid sample rate")

    def InputStream(self, **settings: Any) -> MadeUpStream:  # noqa: N802 - sounddevice's name
        self.streams.append(MadeUpStream(on_start=self.on_start, **settings))
        return self.streams[-1]

    def _terminate(self) -> None: ...

    def _initialize(self) -> None:
        self.restarts += 1
