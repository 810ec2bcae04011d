"""Finds the detections in a file with a fresh detector. Used by kws-detect, in any process and on any machine."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from kws_app.audio.audio_file import read_blocks
from kws_app.audio.native_noise import native_noise_silenced
from kws_app.detection.cascade import detector_of
from kws_app.detection.detector import Detector, FrameStream
from kws_app.engine.catalogue import ModelFolders
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend import Frames
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.index import sha256_of
from kws_app.engine.keyword_model import KeywordModel
from kws_app.engine.names import pair_of
from kws_app.engine.pairs import card_of_pair
from kws_app.errors import AudioError, ModelError
from kws_app.translation import _

BLOCK_S = 15.0  # decoded at once; a network hears more of it at once, which `block_frames` says
SILENCE_S = 0.8  # follows the end of a file: a decision may take a mean of 5 steps, and some more steps in a row

LARGEST_KEPT_BYTES = (32 << 20) - (64 << 10)  # of a freed block


@dataclass(frozen=True)
class Question:
    """What to listen for. It is sent to other processes, which load the models themselves."""

    model: str  # keyword/role
    confirm: str  # name of a second model; empty for none
    threshold: float | None  # None for the threshold of the model
    engine: str
    folders: tuple[str, ...]  # folders of models
    started_in: str = ""  # the folder that relative names of files begin in; empty for this process's own
    digests: tuple[str, ...] = ()  # SHA-256 of the model files; empty to accept any file of that name

    @property
    def name(self) -> str:
        """The name of the model or of the pair."""
        return pair_of(self.model, self.confirm)


@dataclass(frozen=True)
class Row:
    """One detection."""

    time_s: float
    score: float


@dataclass
class FileResult:
    """The detections in a file."""

    file: str
    rows: list[Row] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)  # sentences about faults of the sound
    error: str = ""  # one sentence if the file could not be read to its end
    length_s: float = 0.0


@dataclass(frozen=True)
class Models:
    """The loaded models of a question."""

    first: KeywordModel
    second: KeywordModel | None
    config: DecisionConfig
    paths: tuple[Path, ...]

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """SHA-256 of the files."""
        return tuple(sha256_of(path.read_bytes()) for path in self.paths)

    @property
    def keyword(self) -> str:
        return self.first.card.keyword

    def detector(self) -> Detector:
        """A fresh detector."""
        return detector_of(self.first, self.second, self.config)


@lru_cache(maxsize=4)
def models_of(question: Question) -> Models:
    """The models, loaded once in a process. raises ModelError or ValueError, in one sentence"""
    _keep_freed_memory()
    folders = ModelFolders([Path(folder) for folder in question.folders])
    names = [question.model, *([question.confirm] if question.confirm else [])]
    paths = tuple(folders.path(name) for name in names)
    first, *others = [KeywordModel.load(path, question.engine) for path in paths]
    second = others[0] if others else None
    config = card_of_pair(first.card, second.card if second else None).decision_config(question.threshold)
    models = Models(first, second, config, paths)
    if question.digests and question.digests != models.digests:
        raise ModelError(
            _(
                "The model {name} differs on this machine: install the same release on every machine.",
                name=question.name,
            )
        )
    return models


def _keep_freed_memory() -> None:
    """Let glibc use large blocks again, and not give each back to the system, which clears every page of a new one.

    glibc does so with blocks up to the size of the largest one that was freed (mallopt(3), M_MMAP_THRESHOLD; 32 MB).
    Nothing is written to this one, so it takes no memory. Other C libraries take no notice.
    """
    np.empty(LARGEST_KEPT_BYTES, np.uint8)


def detections(
    path: Path, detector: Detector, remark: Callable[[str], None], result: FileResult
) -> Iterator[list[Row]]:
    """The detections in each block of a file, while it is read; a list may be empty. Also updates `result.length_s`.

    Silence follows the end of the file, because else a word at the very end is missed. Times stay within the file.
    raises AudioError if the file is no audio or cannot be read to its end
    """
    pieces = _frame_pieces(path, detector.new_frames(), remark, result)
    for frames in _joined(pieces, detector.model.network.block_frames):
        found = detector.process_frames(frames).detections if frames is not None else []
        yield [Row(min(detection.time_s, result.length_s), detection.score) for detection in found]


def _frame_pieces(
    path: Path, stream: FrameStream, remark: Callable[[str], None], result: FileResult
) -> Iterator[Frames]:
    """The frames of a file and of the silence after it, while it is decoded. raises AudioError if that fails"""
    length = 0
    for samples in read_blocks(path, BLOCK_S, remark):
        length += len(samples)
        result.length_s = length / SAMPLE_RATE
        yield stream.process(samples)
    yield stream.process(np.zeros(int(SILENCE_S * SAMPLE_RATE), dtype=np.float32))


def _joined(pieces: Iterator[Frames], least: int) -> Iterator[Frames | None]:
    """The frames in blocks of at least `least` frames; None for a piece that waits for the next piece.

    A block is overwritten by the next block. raises AudioError if `pieces` does, after all frames before the error
    """
    waiting: list[Frames] = []
    room: Frames | None = None  # used for all blocks, because new memory is slow: the system clears it first
    failure: AudioError | None = None
    is_over = False
    while not is_over:
        try:
            piece = next(pieces, None)
        except AudioError as error:
            failure, piece = error, None
        is_over = piece is None
        waiting += [] if piece is None else [piece]
        count = sum(map(len, waiting))
        if count and (is_over or count >= least):
            if room is None or count > len(room):
                room = np.empty((count + len(waiting[0]), waiting[0].shape[1]), np.float32)
            yield np.concatenate(waiting, out=room[:count])
            waiting = []
        else:
            yield None
    if failure is not None:
        raise failure


def hear_file(question: Question, file: str) -> FileResult:
    """All detections of a file. Runs in any process. It raises nothing, so that the other files are still read."""
    result = FileResult(file)
    try:
        with native_noise_silenced():
            detector = models_of(question).detector()
            for rows in detections(Path(question.started_in, file), detector, result.remarks.append, result):
                result.rows.extend(rows)
    except (AudioError, ModelError, ValueError, OSError) as error:
        result.error = str(error)
    return result
