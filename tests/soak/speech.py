"""What is said in the soak: clips of the keyword that the model hears, and clips of other words that it does not.

The soak is about the way from the microphone to the log, so words that the model would miss or mistake are left out,
also those that it hears at one time and not at another: how well a word is heard depends on what came before it and on
where the steps of the model fall. A synthetic voice that is heard alone may be missed once in ten times in a stream.
"""

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import soundfile

from kws_app.audio.audio_file import read_blocks
from kws_app.audio.ring import Samples
from kws_app.detection.detector import Detector
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.keyword_model import KeywordModel
from kws_app.errors import AudioError

OTHER_WORDS = ("yes", "stop", "cat", "seven", "follow", "house", "left", "marvin", "wow", "tree")
VOICES = [
    f"en-{voice}"
    for voice in "us us+f3 us+paul us+iven2 us+miguel us+ed 029+gustave 029+Diogo 029+pablo 029+steph2 gb+f2".split()
]
MANNERS = [(speed, pitch) for speed in (150, 175, 200) for pitch in (20, 50, 80)]  # of speaking the keyword
MOST_CLIPS = 40  # of recordings, of each kind
KEYWORDS = 10  # voices enough
STREAM_WORDS = 30  # among so many other words a keyword must be heard every time
GAP_S = 0.8  # before and after a word
HISS = 6e-4  # such as any microphone has
LOOP_WORDS = 200  # a keyword in every four


@dataclass(frozen=True)
class Utterance:
    """A word with a gap around it: samples [N] at 16 kHz, also in a file that can be played."""

    path: Path
    samples: Samples
    is_keyword: bool

    @property
    def duration_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE


class Trial:
    """What a model hears of utterances. Of no more use when they are chosen: the app brings its own model."""

    def __init__(self, model: KeywordModel) -> None:
        self._model = model

    def _count(self, pieces: Iterable[Samples]) -> int:
        """How often it hears its word in a stream; piece by piece, as minutes at once would take much memory."""
        detector = Detector(self._model, self._model.card.decision_config())
        return sum(len(detector.process(piece).detections) for piece in pieces)

    def heard(self, samples: Samples) -> int:
        """How often it hears its word in an utterance; -1 if said twice, loud or soft, it is not heard alike."""
        counts = {self._count([samples * np.float32(level)] * 2) for level in (0.7, 1.3)}
        return {0: 0, 2: 1}.get(counts.pop(), -1) if len(counts) == 1 else -1

    def is_steady(self, keyword: Samples, others: list[Utterance]) -> bool:
        """Whether it is heard each time in a stream, after any other words and wherever the steps fall."""
        rng = np.random.default_rng(0)  # the same trial for each
        pieces = []
        for i in rng.integers(len(others), size=STREAM_WORDS) if others else ():
            shift = np.zeros(int(rng.integers(self._model.card.step_samples)), dtype=np.float32)
            pieces += [others[i].samples, shift, keyword]
        return bool(pieces) and self._count(pieces) == STREAM_WORDS


class Speech:
    """The utterances of a soak, and an order in which they are said."""

    def __init__(self, model: KeywordModel, work: Path, folder: Path | None = None, seed: int = 0) -> None:
        """work: where utterances are kept meanwhile; folder: holds <word>/*.wav, None has espeak-ng speak.

        raises AudioError if the model hears no keyword in it
        """
        self._rng = np.random.default_rng(seed)
        self._work = work
        trial, keyword = Trial(model), model.card.keyword
        self.others = [u for u in self._utterances(folder, keyword, False) if trial.heard(u.samples) == 0]
        keywords = (u for u in self._utterances(folder, keyword, True) if trial.heard(u.samples) == 1)
        steady = (u for u in keywords if trial.is_steady(u.samples, self.others))
        self.keywords = list(islice(steady, KEYWORDS))
        if not self.keywords or not self.others:
            raise AudioError(
                f"The model hears “{keyword}” in none of the clips: name a folder of recordings, "
                f"<word>/*.wav, with --speech."
            )

    def _utterances(self, folder: Path | None, keyword: str, is_keyword: bool) -> Iterator[Utterance]:
        for i, path in enumerate(self._clips(folder, keyword, is_keyword)):
            try:
                clip = np.concatenate(list(read_blocks(path)))
            except AudioError:
                continue  # one that cannot be read is one less
            samples = self._with_gaps(clip)
            target = self._work / f"{'keyword' if is_keyword else 'other'}-{i}-{path.stem}.wav"
            soundfile.write(str(target), samples, SAMPLE_RATE, subtype="PCM_16")
            yield Utterance(target, samples, is_keyword)

    def _clips(self, folder: Path | None, keyword: str, is_keyword: bool) -> Iterable[Path]:
        if folder is not None:
            names = [p.name for p in sorted(folder.iterdir()) if (p.name == keyword) == is_keyword]
            paths = [path for name in names for path in sorted((folder / name).glob("*.*"))]
            order = self._rng.permutation(len(paths))[: 2 * MOST_CLIPS]
            return [paths[i] for i in order]
        if shutil.which("espeak-ng") is None:
            raise AudioError("Speech is needed: install espeak-ng, or name a folder, <word>/*.wav, with --speech.")
        if is_keyword:
            return (self._speak(keyword, voice, *manner) for manner in MANNERS for voice in VOICES)
        return (self._speak(word, voice) for word in OTHER_WORDS if word != keyword for voice in VOICES[:2])

    def _speak(self, word: str, voice: str, speed: int = 175, pitch: int = 50) -> Path:
        path = self._work / f"espeak-{word}-{voice}-{speed}-{pitch}.wav"
        command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "-w", str(path), word]
        subprocess.run(command, check=True)
        return path

    def _with_gaps(self, clip: Samples) -> Samples:
        gap = np.zeros(round(GAP_S * SAMPLE_RATE), dtype=np.float32)
        clip = clip * (0.5 / max(1e-3, float(np.abs(clip).max())))
        samples = np.concatenate([gap, clip, gap])
        return (samples + self._rng.normal(0, HISS, len(samples))).astype(np.float32)

    def next(self) -> Utterance:
        """Any word; a keyword in every four."""
        chosen = self.keywords if self._rng.random() < 0.25 else self.others
        return chosen[int(self._rng.integers(len(chosen)))]

    def write_loop(self, path: Path) -> int:
        """Some minutes of it in one file; returns how many keywords there are."""
        said = [self.next() for _ in range(LOOP_WORDS)]
        soundfile.write(str(path), np.concatenate([u.samples for u in said]), SAMPLE_RATE, subtype="PCM_16")
        return sum(u.is_keyword for u in said)
