"""Finds the microphones that are plugged in now, even while a microphone is open. On the thread of the device scan.

PortAudio looks for devices only when it starts, and a restart would end the open stream. So a short process looks
instead. It costs about 0.2 s of a core: it runs only when a user opens the list.
"""

import json
import logging
import subprocess
from dataclasses import asdict

from kws_app.audio.portaudio import Microphone, has_open_stream, list_microphones
from kws_app.audio.sound_server import ask_server
from kws_app.own_process import run_own_process

LIST_OPTION = "--list-microphones"  # of kws-app
ANSWER_S = 10.0  # long enough for a busy machine; after this time the sound system counts as stuck

log = logging.getLogger(__name__)


def look_for_microphones(rescan: bool) -> list[Microphone]:
    """Like `list_microphones`, but a rescan always sees new devices, and an open stream goes on.

    raises AudioError if there is no microphone
    """
    if rescan and has_open_stream() and ask_server() is None:  # with a sound server no other process is needed
        try:
            return _seen_by_a_process()
        except (OSError, subprocess.SubprocessError, ValueError, TypeError) as error:
            log.warning("New microphones cannot be found (%s): the list stays as it is.", error)
    return list_microphones(rescan)


def print_microphones() -> None:
    """Print each microphone as a JSON object on a line. raises AudioError if there is no microphone"""
    for microphone in list_microphones():
        print(json.dumps(asdict(microphone)))


def _seen_by_a_process() -> list[Microphone]:
    done = run_own_process(LIST_OPTION, patience_s=ANSWER_S)
    done.check_returncode()
    return [Microphone(**json.loads(line)) for line in done.stdout.splitlines()]
