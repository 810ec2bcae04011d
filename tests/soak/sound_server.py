"""A private PulseAudio server with a virtual microphone. Sound files are played into it, and faults happen to it.

For the soak and for tests. It needs pulseaudio and pulseaudio-utils, and leaves the user's own sound alone.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

PROGRAMS = ("pulseaudio", "pactl", "paplay", "parec")
READY_S = 300.0  # seconds that a server may take to start on a busy machine
ANSWER_S = 60.0  # seconds that it may take to answer
# norewinds: with rewinds the first sound is more than a second late
LOUDSPEAKER = ("module-null-sink", "sink_name=vspk", "norewinds=1", "rate=48000", "channels=1")
MICROPHONE = ("module-remap-source", "source_name=vmic", "master=vspk.monitor")


class SoundServer:
    """A sound server. Its microphone `vmic` hears all sound that is played to its loudspeaker `vspk`."""

    def __init__(self, folder: Path) -> None:
        """Start the server and wait until it answers. folder: an empty folder for its sockets"""
        self.environment = {
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_RUNTIME_PATH": str(folder / "pulse"),
            "PULSE_SERVER": f"unix:{folder}/pulse/native",
        }
        (folder / "pulse").mkdir(mode=0o700)
        self._socket = folder / "pulse" / "native"
        self.process = self.start()

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the server and wait until it answers. It can be started again after its end."""
        self._socket.unlink(missing_ok=True)
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
        command += ["--disable-shm=yes"]
        for module in (
            ("module-native-protocol-unix", "auth-anonymous=1", f"socket={self._socket}"),
            LOUDSPEAKER,
            MICROPHONE,
        ):
            command += ["-L", " ".join(module)]
        process = subprocess.Popen(command, env={**os.environ, **self.environment}, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + READY_S
        while self.pactl("info").returncode != 0:
            if time.monotonic() > deadline or process.poll() is not None:
                raise OSError("pulseaudio did not start: is another one in its place, or is it not installed?")
            time.sleep(0.05)
        self.make_default()
        self.process = process
        return process

    def add_microphone(self, name: str, loudspeaker: str, label: str = "") -> None:
        """Plug in another microphone, which hears the sound of its own loudspeaker.

        label: the name that the desktop shows, without spaces
        """
        self.pactl("load-module", LOUDSPEAKER[0], f"sink_name={loudspeaker}", *LOUDSPEAKER[2:])
        shown = [f"source_properties=device.description={label}"] if label else []
        self.pactl("load-module", MICROPHONE[0], f"source_name={name}", f"master={loudspeaker}.monitor", *shown)

    def make_default(self, source: str = "vmic") -> None:
        """Make a source and its loudspeaker the default devices."""
        self.pactl("set-default-source", source)
        self.pactl("set-default-sink", "vspk")

    def pactl(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        """Ask the server for something. A frozen server is not waited for."""
        environment = {**os.environ, **self.environment}
        try:
            return subprocess.run(["pactl", *arguments], env=environment, capture_output=True, timeout=ANSWER_S)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(["pactl", *arguments], 1, b"", b"no answer")

    def play(self, path: Path, loudspeaker: str = "vspk") -> "subprocess.Popen[bytes]":
        """Start to play a file into the microphone."""
        command = ["paplay", f"--device={loudspeaker}", str(path)]
        return subprocess.Popen(command, env={**os.environ, **self.environment}, stderr=subprocess.DEVNULL)

    def record(self, rate_hz: int) -> "subprocess.Popen[bytes]":
        """Record the microphone. The process writes mono float32 in small pieces to its standard output."""
        command = ["parec", "--device=vmic", "--format=float32le", f"--rate={rate_hz}"]
        command += ["--channels=1", "--latency-msec=20", "--raw"]
        return subprocess.Popen(command, env={**os.environ, **self.environment}, stdout=subprocess.PIPE)

    # Faults

    def unplug(self) -> None:
        """Remove the microphone and every other source."""
        self.pactl("unload-module", MICROPHONE[0])
        self.pactl("unload-module", LOUDSPEAKER[0])

    def plug_in(self) -> None:
        self.pactl("load-module", *LOUDSPEAKER)
        self.pactl("load-module", *MICROPHONE)
        self.make_default()

    def suspend(self, on: bool) -> None:
        self.pactl("suspend-source", "vmic", "1" if on else "0")
        self.pactl("suspend-source", "vspk.monitor", "1" if on else "0")

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Stop the server, even if it is frozen."""
        if self.process.poll() is None:
            self.thaw()
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()
