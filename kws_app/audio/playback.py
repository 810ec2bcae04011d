"""Plays a clip on the default loudspeaker through PortAudio. The calling thread waits."""

import threading

import soxr

from kws_app.audio.portaudio import count_closed_stream, count_opened_stream, output_format, portaudio, restart_if_idle
from kws_app.audio.ring import Samples
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.errors import AudioError
from kws_app.translation import _

BLOCK_S = 0.02  # length of a block; a stop takes at most this long


def play(samples: Samples, stop: threading.Event) -> None:
    """Play samples [N] at 16 kHz on the default output. Returns at the end of the sound, or when `stop` is set.

    raises AudioError, in one sentence, if there is no output or the output fails
    """
    with portaudio() as sounddevice:
        if sounddevice.default.device[1] < 0:
            restart_if_idle(sounddevice)  # headphones may have been plugged in since
        index = sounddevice.default.device[1]
        if index < 0:
            raise AudioError(_("No loudspeaker or headphones were found: plug them in."))
        rate_hz, channels = output_format(sounddevice, index)
        stream = sounddevice.OutputStream(rate_hz, device=index, channels=channels, dtype="float32", latency="high")
        stream.start()
        count_opened_stream()  # so that no search for devices ends the stream
    sound = soxr.resample(samples, SAMPLE_RATE, rate_hz) if rate_hz != SAMPLE_RATE else samples
    sound = sound[:, None].repeat(channels, axis=1)
    try:
        block = round(BLOCK_S * rate_hz)
        for first in range(0, len(sound), block):
            if stop.is_set():
                break
            stream.write(sound[first : first + block])
        if not stop.is_set():
            stream.stop()  # waits until the last samples were played
    except sounddevice.PortAudioError as error:
        raise AudioError(_("The sound could not be played ({error}): try again.", error=error)) from error
    finally:
        with portaudio(patience_s=-1):
            count_closed_stream()
            stream.close(ignore_errors=True)
