"""A PulseAudio server of one's own with one microphone, into which sound files are played; and all that befalls it.

For the soak and for tests; needs pulseaudio and pulseaudio-utils. Nothing of it touches the user's own sound.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

PROGRAMS = ("pulseaudio", "pactl", "paplay", "parec")
READY_S = 300.0  # how long a server may take to start on a busy machine
ANSWER_S = 60.0  # how long it may take to answer
# norewinds: with rewinds the first sound comes more than a second late
LOUDSPEAKER = ("module-null-sink", "sink_name=vspk", "norewinds=1", "rate=48000", "channels=1")
MICROPHONE = ("module-remap-source", "source_name=vmic", "master=vspk.monitor")


class SoundServer:
    """Its microphone is `vmic`; what is played to its loudspeaker `vspk` is what the microphone hears."""

    def __init__(self, folder: Path) -> None:
        """folder: for its sockets, empty. Starts the server and waits until it answers."""
        self.environment = {
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_RUNTIME_PATH": str(folder / "pulse"),
            "PULSE_SERVER": f"unix:{folder}/pulse/native",
        }
        (folder / "pulse").mkdir(mode=0o700)
        self._socket = folder / "pulse" / "native"
        self.process = self.start()

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the server, also again after it was ended, and wait until it answers."""
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
        """Plug in another microphone, which hears what is played to its own loudspeaker.

        label: as the desktop shows it, without spaces
        """
        self.pactl("load-module", LOUDSPEAKER[0], f"sink_name={loudspeaker}", *LOUDSPEAKER[2:])
        shown = [f"source_properties=device.description={label}"] if label else []
        self.pactl("load-module", MICROPHONE[0], f"source_name={name}", f"master={loudspeaker}.monitor", *shown)

    def make_default(self, source: str = "vmic") -> None:
        """Make a source, and the loudspeaker, the ones that programs get when they ask for none by name."""
        self.pactl("set-default-source", source)
        self.pactl("set-default-sink", "vspk")

    def pactl(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        """Ask the server for something; a frozen one is not waited for."""
        environment = {**os.environ, **self.environment}
        try:
            return subprocess.run(["pactl", *arguments], env=environment, capture_output=True, timeout=ANSWER_S)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(["pactl", *arguments], 1, b"", b"no answer")

    def play(self, path: Path, loudspeaker: str = "vspk") -> "subprocess.Popen[bytes]":
        """Begin to play a file into the microphone."""
        command = ["paplay", f"--device={loudspeaker}", str(path)]
        return subprocess.Popen(command, env={**os.environ, **self.environment}, stderr=subprocess.DEVNULL)

    def record(self, rate_hz: int) -> "subprocess.Popen[bytes]":
        """What the microphone gives, on stdout: mono float32 in small pieces."""
        command = ["parec", "--device=vmic", "--format=float32le", f"--rate={rate_hz}"]
        command += ["--channels=1", "--latency-msec=20", "--raw"]
        return subprocess.Popen(command, env={**os.environ, **self.environment}, stdout=subprocess.PIPE)

    # What befalls it

    def unplug(self) -> None:
        """Take away the microphone and all else that could be listened to."""
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
        """Stop it, frozen or not."""
        if self.process.poll() is None:
            self.thaw()
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()
