"""How kws-detect --jobs scales: the same files in 1, 2, ... processes, and what follows for more on paper.

    python -m tests.archive_benchmark --files 24 --minutes 10 --jobs 1 2

The files hold made-up sound. Each number of processes is timed with start-up and models, as a user waits for it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from kws_app.engine.frontend_config import SAMPLE_RATE
from tests.support.paths import REPOSITORY

ON_PAPER = (4, 8, 16, 64)


def write_files(folder: Path, count: int, minutes: float) -> None:
    """Noise that rises and falls, one file under many names."""
    rng = np.random.default_rng(0)
    seconds = np.arange(round(60 * minutes * SAMPLE_RATE)) / SAMPLE_RATE
    sound = rng.normal(0, 0.1, len(seconds)) * (0.5 + 0.5 * np.sin(2 * np.pi * 2 * seconds))
    soundfile.write(str(folder / "0000.wav"), sound.astype(np.float32), SAMPLE_RATE, subtype="PCM_16")
    for number in range(1, count):
        os.link(folder / "0000.wav", folder / f"{number:04}.wav")


def seconds_taken(folder: Path, jobs: int, options: list[str]) -> float:
    """Of kws-detect over a folder, from its start to its end."""
    command = [sys.executable, "-m", "kws_app.commands.detect", str(folder), "--jobs", str(jobs), *options]
    begun = time.monotonic()
    subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - begun


def fitted(taken_s: dict[int, float]) -> tuple[float, float]:
    """Seconds that do not shrink, and seconds that are shared, of taken = fixed + shared / jobs (Amdahl 1967)."""
    jobs = np.array(list(taken_s))
    parts, *_ = np.linalg.lstsq(np.stack([np.ones(len(jobs)), 1 / jobs], axis=1), np.array(list(taken_s.values())))
    return max(0.0, float(parts[0])), float(parts[1])


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Time kws-detect --jobs over made-up files.")
    parser.add_argument("--files", type=int, default=24)
    parser.add_argument("--minutes", type=float, default=10.0, help="of each file")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3, help="the fastest counts")
    options, others = parser.parse_known_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder, options.files, options.minutes)
        taken_s = {
            jobs: min(seconds_taken(folder, jobs, others) for _ in range(options.repeats)) for jobs in options.jobs
        }
    hours = options.files * options.minutes / 60
    first = next(iter(taken_s.values()))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{hours:.1f} h of sound in {options.files} files; {os.cpu_count()} cores, load {load:.1f}")
    for jobs, seconds in taken_s.items():
        print(f"{jobs:3} jobs  {seconds:7.2f} s  {3600 * hours / seconds:8,.0f} x real time  {first / seconds:5.2f} x")
    if len(taken_s) > 1:
        fixed_s, shared_s = fitted(taken_s)
        if shared_s <= 0:
            print("more jobs took longer: the machine was busy with other work, so nothing follows for more")
            return
        print(f"on paper, with {fixed_s:.2f} s that do not shrink and {shared_s:.2f} s that are shared:")
        for jobs in ON_PAPER:
            print(f"{jobs:3} jobs  {fixed_s + shared_s / jobs:7.2f} s  {first / (fixed_s + shared_s / jobs):5.2f} x")


if __name__ == "__main__":
    main()
