"""Runs an engine in its own process and environment. Samples come through the standard input.

play.py starts it as `python runner.py PLUGIN WORD SCORES [TAKES]`, with the Python of the engine's environment. It
needs NumPy and nothing of this project. The score of each frame goes into the file SCORES as float32. The cost goes to
the standard output as JSON.
"""

import importlib.util
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

SCORES_AT_ONCE = 1000  # scores that are written together, so that memory does not grow with the hours


def load_plugin(path: Path) -> Any:
    """Import the plug-in's module from any folder."""
    spec = importlib.util.spec_from_file_location("plugin", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def peak_mb() -> float:
    """The highest memory of this process in MB. Linux's getrusage also counts the process that started this one."""
    status = Path("/proc/self/status")
    if status.is_file():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1000  # kB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)  # macOS counts bytes


def main(arguments: list[str]) -> None:
    plugin, word, scores, *takes = arguments
    engine = load_plugin(Path(plugin)).Engine(word, Path(takes[0]) if takes else None)
    frame_bytes = 2 * engine.frame_samples  # int16
    found: list[float] = []
    begun = time.process_time()
    with open(scores, "wb") as out:
        while len(frame := sys.stdin.buffer.read(frame_bytes)) == frame_bytes:
            found.append(float(engine.score(np.frombuffer(frame, np.int16))))
            if len(found) >= SCORES_AT_ONCE:
                np.array(found, np.float32).tofile(out)
                found.clear()
        np.array(found, np.float32).tofile(out)
    cpu_s = (time.process_time() - begun) / getattr(engine, "copies", 1)
    cost = {"frame_samples": engine.frame_samples, "cpu_s": cpu_s, "peak_mb": peak_mb()}
    print(json.dumps(cost))


if __name__ == "__main__":
    main(sys.argv[1:])
