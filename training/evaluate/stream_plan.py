"""Composes streams: the order of the recordings, and the places of the keywords. A seed decides.

A stream is a list of parts. stream_render.py makes the sound of a part at a time, so hours of sound need little memory.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from training.corpus.synthetic_background import GENERATORS

log = logging.getLogger(__name__)

PAUSE_S = 0.5  # silence after a recording, so that a late score still belongs to that recording
SHORTEST_TALK_S = 1.0  # a keyword is laid into a recording at least this far from both ends
WORDS_IN_A_ROW = 30  # single words that follow one another without a pause
PIECE_S = 60.0  # length of a piece of generated sound

READ, COMMANDS, ACTED, WORDS = "read speech", "spoken commands", "acted dialogue", "other words"
REAL_SPEECH = (READ, COMMANDS, ACTED, WORDS)  # people speak, not programs
SYNTHETIC = "synthetic speech"
HOUSEHOLD = "household noise"
QUIET = "silence with hum"  # also the pauses around keywords
KINDS = (*REAL_SPEECH, SYNTHETIC, *GENERATORS)
# Synthetic speech gets at most this share of the time that real speech leaves. Generated sounds share the rest.
SYNTHETIC_SHARE = 0.35
GENERATED = {"music-like": 0.45, HOUSEHOLD: 0.35, QUIET: 0.2}
RECORDED_SHARE = 0.3  # share of the pieces of household noise that are recordings; the others are made by formula


@dataclass(frozen=True)
class Part:
    """A stretch of a recording, or of sound made by formula."""

    kind: str  # of KINDS; a keyword has the kind of the recording around it
    path: Path | None = None  # None for sound made by formula
    is_keyword: bool = False
    from_s: float = 0.0
    seconds: float | None = None  # None for the rest of the recording
    pause_s: float = 0.0  # silence after the part
    gain_db: float = 0.0
    seed: int = 0  # of generated sound


@dataclass(frozen=True)
class Material:
    """The recordings of a set from which its streams are composed."""

    talk: list[Path]
    keywords: list[Path] = field(default_factory=list)
    words: list[Path] = field(default_factory=list)  # other words, which follow one another
    synthetic: list[Path] = field(default_factory=list)  # synthetic speech
    noises: list[Path] = field(default_factory=list)


@dataclass(frozen=True)
class Stream:
    """A composition of parts in their order."""

    parts: list[Part]
    seed: int

    def pieces(self) -> dict[str, int]:
        """The number of recordings or generated pieces of each kind, in the order of KINDS."""
        begins = Counter(part.kind for part in self.parts if not part.is_keyword and part.from_s == 0)
        return {kind: begins[kind] for kind in KINDS if begins[kind]}

    def digest(self) -> str:
        """A short digest of the parts and their order. It does not depend on the folder of the data."""
        rows = []
        for part in self.parts:
            name = f"{part.path.parent.name}/{part.path.name}" if part.path else ""
            rows.append(repr((part.kind, name, part.is_keyword, part.from_s, part.seconds, part.gain_db, part.seed)))
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:12]


def kind_of(path: Path) -> str:
    """The kind of speech (read, commands or acted) by the folder of a recording."""
    if path.parent.parent.name == "acted_talk" or path.parent.name.startswith("fillets_"):
        return ACTED
    commands = path.parent.name == "spoken_commands" or path.parent.parent.name == "wake_words"
    return COMMANDS if commands else READ


def plan_stream(material: Material, seed: int, hours: float, filled: float = 1.0) -> Stream:
    """Compose a stream: all real speech once, each keyword once at a random place in it, and other sound.

    hours: the length of the whole; filled: the share of the rest that is filled with other sound, 0..1
    raises ValueError if there is no talk
    """
    rng = np.random.default_rng(seed)
    left_s = hours * 3600
    talk = _until(_shuffled(material.talk, rng), left_s, least=1)
    if not talk:
        raise ValueError("There is no continuous speech to lay keywords into: see 'The data' in training/README.md.")
    left_s -= sum(talk.values()) + PAUSE_S * len(talk)
    words = _until(_shuffled(material.words, rng), left_s)
    left_s = max(0.0, left_s - sum(words.values())) * filled if filled else 0.0

    pieces = _talk_pieces(talk, material.keywords, rng)
    pieces += _word_pieces(list(words))
    synthetic = _until(_shuffled(material.synthetic, rng), left_s * SYNTHETIC_SHARE)
    pieces += [[Part(SYNTHETIC, path, pause_s=PAUSE_S)] for path in synthetic]
    left_s -= sum(synthetic.values()) + PAUSE_S * len(synthetic)
    pieces += _generated_pieces(left_s, _durations(material.noises), rng)
    return Stream([part for i in rng.permutation(len(pieces)) for part in pieces[i]], seed)


def _durations(paths: Iterable[Path]) -> dict[Path, float]:
    """Seconds of each file. A file that is not audio is left out, with a warning."""
    seconds = {}
    for path in paths:
        try:
            seconds[path] = float(soundfile.info(str(path)).duration)
        except soundfile.SoundFileError as error:
            log.warning("%s is passed over: %s", path, error)
    return seconds


def _shuffled(paths: list[Path], rng: np.random.Generator) -> dict[Path, float]:
    return _durations(paths[i] for i in rng.permutation(len(paths)))


def _until(seconds: dict[Path, float], limit_s: float, least: int = 0) -> dict[Path, float]:
    """The first files that last at most `limit_s` together, but at least `least` files."""
    taken: dict[Path, float] = {}
    total = 0.0
    for path, length in seconds.items():
        total += length + PAUSE_S
        if total > limit_s and len(taken) >= least:
            break
        taken[path] = length
    return taken


def _talk_pieces(talk: dict[Path, float], keywords: list[Path], rng: np.random.Generator) -> list[list[Part]]:
    """Each recording with the keywords laid into it. Longer recordings get more keywords."""
    hosts = [path for path in talk if talk[path] > 2 * SHORTEST_TALK_S]
    guests: dict[Path, list[Path]] = {}
    if hosts:
        weight = np.array([talk[path] for path in hosts])
        for keyword in keywords:
            guests.setdefault(hosts[rng.choice(len(hosts), p=weight / weight.sum())], []).append(keyword)
    pieces = []
    for path, length in talk.items():
        visiting, kind, at = guests.get(path, []), kind_of(path), 0.0
        cuts = SHORTEST_TALK_S + max(0.0, length - 2 * SHORTEST_TALK_S) * np.sort(rng.random(len(visiting)))
        piece = []
        for keyword, cut in zip(visiting, cuts.tolist(), strict=True):
            piece += [Part(kind, path, from_s=at, seconds=cut - at), Part(kind, keyword, is_keyword=True)]
            at = cut
        pieces.append([*piece, Part(kind, path, from_s=at, pause_s=PAUSE_S)])
    return pieces


def _word_pieces(words: list[Path]) -> list[list[Part]]:
    """Rows of words without pauses."""
    rows = [words[i : i + WORDS_IN_A_ROW] for i in range(0, len(words), WORDS_IN_A_ROW)]
    return [[*(Part(WORDS, path) for path in row[:-1]), Part(WORDS, row[-1], pause_s=PAUSE_S)] for row in rows]


def _generated_pieces(seconds: float, noises: dict[Path, float], rng: np.random.Generator) -> list[list[Part]]:
    """Pieces of PIECE_S of music-like sound, household noise and silence, by the shares in GENERATED."""
    pieces: list[list[Part]] = []
    for kind, share in GENERATED.items() if seconds >= PIECE_S else ():
        made_s = 0.0
        while made_s < seconds * share:
            part = Part(kind, seconds=PIECE_S, seed=int(rng.integers(2**31)))
            if kind == HOUSEHOLD and noises and rng.random() < RECORDED_SHARE:
                part = _recorded_piece(noises, rng)
            pieces.append([part])
            made_s += part.seconds or PIECE_S
    return pieces


def _recorded_piece(noises: dict[Path, float], rng: np.random.Generator) -> Part:
    path = list(noises)[rng.integers(len(noises))]
    length = min(PIECE_S, noises[path])
    begin, gain_db = (float(rng.uniform(*span)) for span in ((0, noises[path] - length), (-20, 10)))
    return Part(HOUSEHOLD, path, from_s=begin, seconds=length, gain_db=gain_db)
