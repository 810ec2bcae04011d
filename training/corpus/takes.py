"""Takes: the voices of this machine say a word. Takes are planned, made once, and kept in a folder.

A take's file is named <voice>_<digest of pronunciation and ending>_<speed>.wav, in a folder for each engine.
"""

import hashlib
import os
import re
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import combinations, product, zip_longest
from pathlib import Path

import numpy as np
import soundfile

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.corpus.near_sounds import NearSound
from training.corpus.pronunciations import MAIN, Pronunciation
from training.corpus.synthetic_speech import write_sound
from training.corpus.voice_engines import Engine, UnsayableError
from training.corpus.voice_engines.kokoro import BLEND, KokoroEngine
from training.progress import SILENT, Progress

SPEEDS = (0.72, 0.9, 1.05, 1.35)  # times the voice's own speed: people call a device slowly, or in a hurry
ENDINGS = (".", ".", "!", ".", "?")  # melodies: people also call a device, or ask it
FOREIGN_SHARE = 0.15  # share of the takes by voices of other languages: people with an accent say the word too
PLAIN_SHARE = 0.1  # at most this share of the takes by the other engines, if an engine better than espeak-ng is here
SHORTEST_S = 0.15  # seconds; a shorter take holds no word
LONGEST_S = 6.0  # seconds; a longer take is more than a word
TAKES, MORE_TAKES = 84, 32  # takes of one pronunciation, and for each further one, unless the caller asks for a number
MAIN_TURNS = 3  # turns of a main accent for each turn of an accent that fewer people have


@dataclass(frozen=True)
class Take:
    """A word that a voice says. The file may exist already, or still has to be made."""

    path: Path
    engine: str
    voice: str
    pronunciation: Pronunciation
    speed: float
    ending: str = "."  # ".", "!" or "?": the melody of the voice
    near: bool = False  # whether the voice says something that only sounds like the word


@dataclass
class Made:
    """The takes that `make_takes` made, and the failures."""

    takes: list[Take] = field(default_factory=list)  # takes with a file
    failed: int = 0  # takes that the voice could not say
    reasons: list[str] = field(default_factory=list)  # why they failed, each reason once

    def counts(self) -> dict[str, int]:
        """How many takes each engine made, for the model card."""
        names = [take.engine for take in self.takes]
        return {name: names.count(name) for name in dict.fromkeys(names)}


def plan_takes(
    pronunciations: Sequence[Pronunciation],
    engines: Sequence[Engine],
    language: str,
    folder: Path,
    count: int | None = None,
    seed: int = 0,
) -> list[Take]:
    """Plan which voice says which pronunciation, and how fast.

    The first takes use every voice once, so a plan that is cut short still has many voices. The same seed gives the
    same plan.
    engines: the best engine first
    count: number of takes; None for TAKES, and MORE_TAKES for each pronunciation after the first
    raises ValueError if there is no engine or no pronunciation
    """
    if not engines or not pronunciations:
        raise ValueError("This machine has no voice that can say the word: install espeak-ng.")
    count = TAKES + MORE_TAKES * (len(pronunciations) - 1) if count is None else count
    best, others = engines[0], engines[1:]
    spare = [(engine, voice) for engine in others for voice in _spread(engine, language, seed)]
    share = min(len(spare), round(count * PLAIN_SHARE)) if best.name != "espeak-ng" else 0
    voices = _many_voices(best, language, -(-count // len(pronunciations)), seed)
    plan = _planned(best, voices, _in_turn(pronunciations), count - share, folder, seed)
    for number, (engine, voice) in enumerate(spare[:share]):
        pronunciation = _suits(engine, voice, pronunciations, number)
        plan.append(_take(folder, engine, voice, pronunciation, SPEEDS[number % len(SPEEDS)]))
    return list({take.path: take for take in plan}.values())


def _in_turn(pronunciations: Sequence[Pronunciation]) -> list[Pronunciation]:
    """Every pronunciation in its turn. Those of the main accents come more often."""
    main = [pronunciation for pronunciation in pronunciations if pronunciation.accent in MAIN]
    others = [pronunciation for pronunciation in pronunciations if pronunciation.accent not in MAIN]
    return main * MAIN_TURNS + others if main else others


def plan_near(
    sounds: Sequence[NearSound], engines: Sequence[Engine], language: str, folder: Path, each: int = 4, seed: int = 0
) -> list[Take]:
    """Plan takes of near sounds, which only sound like the word. The voices change from sound to sound.

    each: number of takes of each sound
    raises ValueError if there is no engine
    """
    if not engines:
        raise ValueError("This machine has no voice that can say the near words: install espeak-ng.")
    best = engines[0]
    voices = _many_voices(best, language, max(each * len(sounds), 1), seed + 1)
    plan = []
    for number, sound in enumerate(sounds):
        for take in range(each):
            voice = voices[(number * each + take) % len(voices)]
            speed = SPEEDS[(number + take) % len(SPEEDS)]
            ending = ENDINGS[(number + take) % len(ENDINGS)]
            plan.append(_take(folder, best, voice, sound.pronunciation, speed, ending, near=True))
    return list({take.path: take for take in plan}.values())


def _many_voices(engine: Engine, language: str, count: int, seed: int) -> list[str]:
    """Up to `count` voices, or a few more, in the order in which they are used.

    Kokoro gives the voices of the language, then blends of two voices, with foreign voices between them. A trial with
    the typed word "computer" added blends with foreign voices, endings and more speeds. The misses at 0.5 false alarms
    an hour fell from 9.7 % to 6.6 %.
    """
    rng = np.random.default_rng(seed)
    if not isinstance(engine, KokoroEngine):
        voices = engine.voices(language)
        return [voices[place] for place in rng.permutation(len(voices))]
    own = engine.own_voices(language) or engine.voices(language)
    foreign = [voice for voice in engine.voices(language) if voice not in own]
    blends = _blends(own, foreign, rng)
    voices = [own[place] for place in rng.permutation(len(own))]
    voices += blends[: max(0, count - len(own) - len(foreign))]
    step = round(1 / FOREIGN_SHARE)
    for number, place in enumerate(rng.permutation(len(foreign))):
        voices.insert((number + 1) * step, foreign[place])
    return voices


def _blends(own: list[str], foreign: list[str], rng: np.random.Generator) -> list[str]:
    """Names of blends: two voices of the language, then one of these with a foreign voice, in turn."""
    pairs = list(combinations(own, 2))
    mixed = list(product(own, foreign))
    both = [[some[place] for place in rng.permutation(len(some))] for some in (pairs, mixed)]
    return [BLEND.join(pair) for turn in zip_longest(*both) for pair in turn if pair is not None]


def _spread(engine: Engine, language: str, seed: int) -> list[str]:
    voices = engine.voices(language)
    return [voices[place] for place in np.random.default_rng(seed).permutation(len(voices))]


def _planned(
    engine: Engine, voices: list[str], pronunciations: Sequence[Pronunciation], count: int, folder: Path, seed: int
) -> list[Take]:
    plan = []
    rng = np.random.default_rng([seed, len(SPEEDS)])
    speeds = [speed for _ in range(-(-count // len(SPEEDS))) for speed in rng.permutation(SPEEDS).tolist()]
    for number, speed in enumerate(speeds[:count]):
        turn, place = divmod(number, len(voices))  # a voice that comes again says another pronunciation
        pronunciation = pronunciations[(place + turn) % len(pronunciations)]
        ending = ENDINGS[(number + turn) % len(ENDINGS)]
        plan.append(_take(folder, engine, voices[place], pronunciation, speed, ending))
    return plan


def _suits(engine: Engine, voice: str, pronunciations: Sequence[Pronunciation], number: int) -> Pronunciation:
    """The pronunciation that suits the voice: the pronunciation that it reads from the text, if there is one."""
    accent = voice.lower().split(":")[0].replace("_", "-")
    for pronunciation in pronunciations:
        if pronunciation.from_text and not engine.says_phonemes and accent.startswith(pronunciation.accent):
            return pronunciation
    readable = [p for p in pronunciations if p.from_text] or list(pronunciations)
    return readable[number % len(readable)] if engine.says_phonemes else readable[0]


def _take(
    folder: Path,
    engine: Engine,
    voice: str,
    pronunciation: Pronunciation,
    speed: float,
    ending: str = ".",
    near: bool = False,
) -> Take:
    said = f"{pronunciation.accent} {pronunciation.ipa} {pronunciation.text if pronunciation.from_text else ''}{ending}"
    digest = hashlib.sha256(said.encode()).hexdigest()[:8]
    name = f"{re.sub(r'[^A-Za-z0-9+_-]', '.', voice)}_{digest}_{speed}.wav"
    return Take(folder / engine.name.replace(" ", "_") / name, engine.name, voice, pronunciation, speed, ending, near)


def make_takes(
    plan: Sequence[Take], engines: Sequence[Engine], progress: Progress = SILENT, workers: int | None = None
) -> Made:
    """Make the takes that have no file yet, on all cores.

    raises StageStoppedError if the user stops it: the takes that are made stay; OSError if nothing can be written, for
    example on a full disk, or if every voice fails
    """
    by_name = {engine.name: engine for engine in engines}
    made, lock = Made(), threading.Lock()

    def work(take: Take) -> None:
        reason = None if take.path.is_file() else _make(take, by_name[take.engine])
        with lock:
            if reason is None:
                made.takes.append(take)
            else:
                made.failed += 1
                if reason not in made.reasons:
                    made.reasons.append(reason)
            progress.step("takes", len(made.takes) + made.failed, len(plan))

    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        try:
            for _ in pool.map(work, plan):  # the first error ends the loop
                pass
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    if plan and not made.takes and made.reasons:
        raise OSError(f"No voice could say the word: {made.reasons[0]}")
    order = {take.path: number for number, take in enumerate(plan)}
    made.takes.sort(key=lambda take: order[take.path])
    return made


def _make(take: Take, engine: Engine) -> str | None:
    """Make a take. Returns the reason if the voice could not say the word, else None."""
    try:
        sound = engine.say(take.pronunciation, take.voice, take.speed, take.ending)
    except UnsayableError as error:
        return str(error)
    seconds = len(sound) / SAMPLE_RATE
    if not SHORTEST_S <= seconds <= LONGEST_S or not np.abs(sound).max() > 0.01:
        return f"{engine.name}'s voice {take.voice} gave {seconds:.2f} s for '{take.pronunciation.text}': no word."
    take.path.parent.mkdir(parents=True, exist_ok=True)
    write_sound(take.path, sound)
    return None


def total_seconds(takes: Sequence[Take]) -> float:
    """Seconds that all takes last together."""
    return sum(float(soundfile.info(str(take.path)).duration) for take in takes)
