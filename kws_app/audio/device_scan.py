"""What is plugged in now, also while a microphone is open. Called on the thread of the device scan.

PortAudio sees devices only when it starts, and starting it again ends the stream that is open. A short process looks
instead: some 0.2 s of a core, so only when somebody is about to read the list.
"""

import json
import logging
import subprocess
from dataclasses import asdict

from kws_app.audio.portaudio import Microphone, has_open_stream, list_microphones
from kws_app.audio.sound_server import ask_server
from kws_app.own_process import run_own_process

LIST_OPTION = "--list-microphones"  # of kws-app
ANSWER_S = 10.0  # a machine under load; a sound system that hangs is left alone after this

log = logging.getLogger(__name__)


def look_for_microphones(rescan: bool) -> list[Microphone]:
    """As `list_microphones`, but a rescan sees new devices in any case, and disturbs nothing that is open.

    raises AudioError if there is none
    """
    if rescan and has_open_stream() and ask_server() is None:  # a sound server is asked without disturbing anything
        try:
            return _seen_by_a_process()
        except (OSError, subprocess.SubprocessError, ValueError, TypeError) as error:
            log.warning("The look for new microphones failed (%s): those known before are listed.", error)
    return list_microphones(rescan)


def print_microphones() -> None:
    """One JSON object a line. raises AudioError if there is none"""
    for microphone in list_microphones():
        print(json.dumps(asdict(microphone)))


def _seen_by_a_process() -> list[Microphone]:
    done = run_own_process(LIST_OPTION, patience_s=ANSWER_S)
    done.check_returncode()
    return [Microphone(**json.loads(line)) for line in done.stdout.splitlines()]
