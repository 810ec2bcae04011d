"""python -m tests.soak: hours of listening with faults, and an account of them."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from kws_app.engine.card import DEFAULT_MODEL
from kws_app.errors import AudioError, ModelError
from tests.soak.sound_server import PROGRAMS


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak",
        description="Listen to a virtual microphone for hours, with faults. Count words heard and missed.",
        epilog="Exit status: 0 if the run passed, 1 if it failed, 2 if it could not begin. Linux with PulseAudio only.",
    )
    parser.add_argument("--hours", type=float, default=1.0, metavar="H", help="hours to listen (default: %(default)g)")
    parser.add_argument(
        "--accelerated", action="store_true", help="play files at full speed, without a sound server and without faults"
    )
    parser.add_argument(
        "--speech", type=Path, metavar="DIR", help="folder of recordings, <word>/*.wav (default: espeak-ng speaks)"
    )
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME", help="default: %(default)s")
    parser.add_argument(
        "--fault-every",
        type=float,
        default=45.0,
        metavar="S",
        help="seconds between two faults, on average (default: %(default)g)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another number gives other words and faults")
    options = parser.parse_args(arguments)
    if not 0 < options.hours <= 10_000 or not 0 < options.fault_every <= 1e6:
        parser.error("--hours and --fault-every must be above 0")
    return options


def say(line: str) -> None:
    print(line, flush=True)


def main(arguments: list[str] | None = None) -> int:
    options = parse_arguments(arguments)
    try:
        if options.accelerated:
            from tests.soak.accelerated import accelerated

            return 0 if accelerated(options.hours, say, options.speech, options.seed) else 1
        return live(options)
    except (AudioError, ModelError, OSError) as error:
        print(f"soak: {error}", file=sys.stderr)
        return 2


def live(options: argparse.Namespace) -> int:
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise OSError(f"{', '.join(missing)} must be installed: on Debian and Ubuntu pulseaudio and pulseaudio-utils.")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before Qt is imported
    from tests.soak.live import Plan, soak

    plan = Plan(options.hours, options.fault_every, options.seed, options.speech, options.model)
    account = soak(plan, say)
    for line in account.lines():
        say(line)
    failures = account.failures()
    for line in failures:
        say(f"FAILED: {line}")
    say("it held" if not failures else "it did not hold")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
