"""The speech of the soak: clips of the keyword that the model hears, and of other words that it does not answer to.

The soak tests the path from the microphone to the log. So it leaves out words that the model misses, words that it
mistakes, and words that it hears only sometimes. A score depends on the sound before the word and on the places of the
model's steps: a synthetic voice that is heard alone may be missed once in ten times in a stream.
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
MANNERS = [(speed, pitch) for speed in (150, 175, 200) for pitch in (20, 50, 80)]  # speeds and pitches of the keyword
MOST_CLIPS = 40  # recordings of each kind, at most
KEYWORDS = 10  # clips of the keyword that are enough
STREAM_WORDS = 30  # other words in the trial stream; the keyword must be heard every time
GAP_S = 0.8  # seconds of silence before and after a word
HISS = 6e-4  # level of the hiss that any microphone has
LOOP_WORDS = 200  # words in a loop


@dataclass(frozen=True)
class Utterance:
    """A word with a gap around it: samples [N] at 16 kHz, and a file with the same sound."""

    path: Path
    samples: Samples
    is_keyword: bool

    @property
    def duration_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE


class Trial:
    """Tries utterances on a model, to choose them. The app later uses its own model."""

    def __init__(self, model: KeywordModel) -> None:
        self._model = model

    def _count(self, pieces: Iterable[Samples]) -> int:
        """How often the model hears its word in a stream. It plays pieces: minutes at once need much memory."""
        detector = Detector(self._model, self._model.card.decision_config())
        return sum(len(detector.process(piece).detections) for piece in pieces)

    def heard(self, samples: Samples) -> int:
        """How often the model hears its word in an utterance. -1 if that changes between two trials, loud and soft."""
        counts = {self._count([samples * np.float32(level)] * 2) for level in (0.7, 1.3)}
        return {0: 0, 2: 1}.get(counts.pop(), -1) if len(counts) == 1 else -1

    def is_steady(self, keyword: Samples, others: list[Utterance]) -> bool:
        """Whether the word is heard every time in a stream, after any other word and at any place of the steps."""
        rng = np.random.default_rng(0)  # the same trial for each utterance
        pieces = []
        for i in rng.integers(len(others), size=STREAM_WORDS) if others else ():
            shift = np.zeros(int(rng.integers(self._model.card.step_samples)), dtype=np.float32)
            pieces += [others[i].samples, shift, keyword]
        return bool(pieces) and self._count(pieces) == STREAM_WORDS


class Speech:
    """The utterances of a soak, and their order."""

    def __init__(self, model: KeywordModel, work: Path, folder: Path | None = None, seed: int = 0) -> None:
        """work: a folder for the utterances' files; folder: holds <word>/*.wav, or None: espeak-ng speaks.

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
                continue  # a file that cannot be read is left out
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
        """The next word. Every fourth word is a keyword, on average."""
        chosen = self.keywords if self._rng.random() < 0.25 else self.others
        return chosen[int(self._rng.integers(len(chosen)))]

    def write_loop(self, path: Path) -> int:
        """Write some minutes of speech into a file. Returns the number of keywords in it."""
        said = [self.next() for _ in range(LOOP_WORDS)]
        soundfile.write(str(path), np.concatenate([u.samples for u in said]), SAMPLE_RATE, subtype="PCM_16")
        return sum(u.is_keyword for u in said)
