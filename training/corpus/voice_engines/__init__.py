"""Programs and packages that say a word. All are optional: `find_engines` returns the engines on this machine."""

from training.corpus.voice_engines.engine import Engine, UnsayableError
from training.corpus.voice_engines.espeak import EspeakEngine
from training.corpus.voice_engines.flite import FliteEngine
from training.corpus.voice_engines.kokoro import KokoroEngine
from training.corpus.voice_engines.pico import PicoEngine
from training.corpus.voice_engines.piper import PiperEngine

__all__ = ["Engine", "UnsayableError", "find_engines", "missing_engines"]

ENGINES: tuple[type[Engine], ...] = (KokoroEngine, PiperEngine, PicoEngine, FliteEngine, EspeakEngine)


def find_engines() -> list[Engine]:
    """The engines that can speak here, the best first."""
    return [engine for engine in (kind() for kind in ENGINES) if engine.is_here()]


def missing_engines() -> dict[str, str]:
    """The names of the engines that cannot speak here, each with a sentence that says how to get it."""
    return {engine.name: engine.missing() for engine in (kind() for kind in ENGINES) if not engine.is_here()}
