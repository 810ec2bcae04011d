"""Tries the students of a word beside its expert, alone and as a pair, on the talk and the recordings of `trial`.

The students stir, and the expert confirms. The expert is the model of the first draw.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from kws_app.atomic_file import write_whole
from kws_app.engine.model_file import read_card
from training.fit.validate import FRAMES_PER_S, margins
from training.network.crnn import Crnn
from training.own_word.gather_talk import frames_of
from training.own_word.known_expert import KnownExpert
from training.own_word.lessons import heard_in
from training.own_word.make import own_word
from training.own_word.measure import Floats, lasting, peaks_of
from training.own_word.sequences import Sound
from training.own_word.stir import Judgement, awake_share, confirmed
from training.own_word.student_config import StudentsConfig
from training.own_word.students import make_students
from training.own_word.talk_embeddings import STEP_S
from training.own_word.trial import Trial, recordings_of, request_for, trial_folder
from training.own_word.unheard import kept_arrays, laid, talk_to_test, unheard
from training.progress import SILENT, Progress

STUDENT_CELLS_FILE = "own_word_students.json"  # in the folder of models
RATE = 0.5  # false alarms an hour


@dataclass(frozen=True)
class StudentCell:
    """A student on recordings and talk that its training never heard. All thresholds allow RATE."""

    word: str
    count: int
    role: str
    tested: int  # recordings
    hours: float  # of talk
    missed_alone: int
    missed_by_expert: int
    missed_by_pair: int  # at the expert's threshold
    expert_alarms: int
    pair_alarms: int
    awake: float  # share of the talk in which the expert listens


@dataclass(frozen=True)
class Heard:
    """What both networks hear of sounds: frames [T, F] and embeddings [S, 96], for each sound."""

    frames: Sequence[NDArray[np.float32]]
    embeddings: Sequence[NDArray[np.float32]]

    def of(self, chosen: NDArray[np.bool_]) -> "Heard":
        keep = np.flatnonzero(chosen).tolist()
        return Heard([self.frames[at] for at in keep], [self.embeddings[at] for at in keep])


def try_students(
    asked: Trial, config: StudentsConfig, data: Path, work: Path, progress: Progress = SILENT
) -> list[StudentCell]:
    """A cell for each word, count of `asked.students` and role, each finished cell from the work folder.

    raises the errors of `run_trial` and of `make_students`
    """
    folder = trial_folder(work)
    by_word = {word: recordings_of(data, word) for word in asked.words}
    embeddings = unheard(data, by_word, folder, progress)

    def heard(name: str, sounds: Iterable[Sound], same: Sequence[NDArray[np.float32]]) -> Heard:
        return Heard(
            kept_arrays(folder / f"frames-{name}.npz", lambda: [frames_of(sound, 1.0) for sound in sounds]), same
        )

    cells = []
    for word, paths in by_word.items():
        for count in asked.students:
            path = folder / f"{word}-{count}-students-{asked.config.seed}.json"
            if not path.is_file():
                talk = heard("talk", talk_to_test(data, progress), embeddings.talk)
                said = heard(word, laid(paths), embeddings.quiet[word])
                request, given = request_for(asked, word, count, 0, paths, folder)
                expert = own_word(request, folder, folder / "models", progress).path
                made = make_students(request, expert, config, folder, folder / "models", progress)
                found = [
                    _cell(word, count, role, crnn, made.judged[role], expert, said.of(~given), talk)
                    for role, crnn in made.networks.items()
                ]
                write_whole(path, json.dumps([asdict(cell) for cell in found]).encode())
            cells += read_student_cells(path)
    return cells


def _cell(
    word: str, count: int, role: str, crnn: Crnn, judged: Judgement, expert_path: Path, said: Heard, talk: Heard
) -> StudentCell:
    level = judged.level
    expert, patience_steps = KnownExpert(expert_path), read_card(expert_path).decision_config().patience_steps
    hours = sum(map(len, talk.embeddings)) * STEP_S / 3600
    step_s = crnn.stride_frames / FRAMES_PER_S
    crnn.eval()
    alone, paired, by_expert, awake_s = [], [], [], 0.0
    for frames, embeddings in zip(talk.frames, talk.embeddings, strict=True):
        margin, ends = heard_in(crnn, frames.astype(np.float16))
        theirs = expert.margins(embeddings)
        alone.append(peaks_of(lasting(margin, judged.patience_steps).astype(np.float64), step_s))
        by_expert.append(peaks_of(lasting(theirs, patience_steps).astype(np.float64)))
        paired.append(peaks_of(confirmed(theirs, margin, ends + 1, level, patience_steps).astype(np.float64)))
        awake_s += awake_share(margin, step_s, level) * len(embeddings) * STEP_S
    words = [
        _of_a_recording(crnn, expert, frames, embeddings, judged, patience_steps)
        for frames, embeddings in zip(said.frames, said.embeddings, strict=True)
    ]
    own, theirs_of_word, pair = (np.array(column) for column in zip(*words, strict=True))
    threshold = _threshold(by_expert, hours)
    return StudentCell(
        word,
        count,
        role,
        len(words),
        hours,
        missed_alone=int((own <= _threshold(alone, hours)).sum()),
        missed_by_expert=int((theirs_of_word <= threshold).sum()),
        missed_by_pair=int((pair <= threshold).sum()),
        expert_alarms=int((np.concatenate(by_expert) > threshold).sum()),
        pair_alarms=int((np.concatenate(paired) > threshold).sum()),
        awake=awake_s / 3600 / hours,
    )


def _threshold(peaks: Sequence[Floats], hours: float) -> float:
    """The highest peak of talk that is an alarm too many. A detection needs more."""
    return float(-np.sort(-np.concatenate(list(peaks)))[int(RATE * hours)])


@torch.inference_mode()
def _of_a_recording(
    crnn: Crnn,
    expert: KnownExpert,
    frames: NDArray[np.float32],
    embeddings: NDArray[np.float32],
    judged: Judgement,
    patience_steps: int,
) -> tuple[float, float, float]:
    """The highest margins of a student, of the expert, and of the pair. patience_steps: of the expert"""
    margin = margins(crnn, torch.from_numpy(frames)[None])[0].numpy()
    theirs = expert.margins(embeddings)
    ends = np.arange(len(margin)) * crnn.stride_frames + crnn.kernel_frames
    pair = confirmed(theirs, margin, ends, judged.level, patience_steps)
    return (
        float(lasting(margin, judged.patience_steps).max()),
        float(lasting(theirs, patience_steps).max()),
        float(pair.max()),
    )


def write_student_cells(path: Path, cells: Sequence[StudentCell]) -> None:
    """Keep the counts where `report` finds them."""
    path.write_text(json.dumps([asdict(cell) for cell in cells], indent=1) + "\n", encoding="utf-8")


def read_student_cells(path: Path) -> list[StudentCell]:
    """The counts that `write_student_cells` kept; none where there is no such file."""
    if not path.is_file():
        return []
    return [StudentCell(**fields) for fields in json.loads(path.read_text(encoding="utf-8"))]


def students_table(cells: Sequence[StudentCell]) -> list[str]:
    """A row for each word, count and role: alone, and stirring for the expert."""
    rows = [
        f"| word | recordings | model | alone, missed at {RATE} alarms an hour | the expert | the pair "
        "| false alarms: expert, pair | the expert listens |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for cell in cells:
        shares = (cell.missed_alone, cell.missed_by_expert, cell.missed_by_pair)
        said = " | ".join(f"{100 * missed / cell.tested:.1f} %" for missed in shares)
        alarms = f"{cell.expert_alarms}, {cell.pair_alarms}"
        rows.append(
            f"| {cell.word.replace('_', ' ')} | {cell.count} | {cell.role} | {said} | {alarms} "
            f"| {100 * cell.awake:.1f} % |"
        )
    return [*rows, "", f"{cells[0].hours:.1f} h of talk. The pair has the threshold of the expert. One draw."]
