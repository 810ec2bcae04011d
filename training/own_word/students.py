"""Makes the students of a word: `teacher`, `student` and `quantized`. The word's expert teaches them.

A student can wake the expert, or listen alone. A run that was cut goes on where it was, with the same result.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kws_app.engine.model_file import read_card
from training.digest import digest
from training.export.artifact import Identity, export
from training.fit.distributed import Team
from training.fit.run import Run, plain
from training.fit.side_by_side import Cohort
from training.network.checkpoint import load_crnn
from training.network.crnn import Crnn
from training.network.packed_file import put_on_grid
from training.own_word.gather_lessons import Talked, gather_lessons
from training.own_word.known_expert import KnownExpert
from training.own_word.lessons import Lessons, LessonSource
from training.own_word.make import OwnWord, folder_of
from training.own_word.material import FEWEST_TO_KEEP_BACK, read_sounds
from training.own_word.stir import Judgement, judge
from training.own_word.student_config import BITS, QUANTIZED, TAUGHT, StudentsConfig, run_config
from training.own_word.talk_embeddings import read_talk
from training.own_word.talk_frames import read_frames
from training.own_word.taught_loss import TaughtLoss
from training.progress import SILENT, Progress


@dataclass(frozen=True)
class MadeStudents:
    """The model files, and the figures of each on sound that it was not trained on."""

    paths: tuple[Path, ...]
    judged: Mapping[str, Judgement]  # by role
    networks: Mapping[str, Crnn]  # by role

    def describe(self) -> str:
        """What to expect of the students, in sentences for a person."""
        return "\n".join(judgement.describe(role) for role, judgement in self.judged.items())


def make_students(
    asked: OwnWord,
    expert_path: Path,
    config: StudentsConfig,
    work: Path,
    models: Path,
    progress: Progress = SILENT,
    talked: Talked | None = None,
) -> MadeStudents:
    """Make <models>/<word>/{teacher,student,quantized}.safetensors and .pt.

    expert_path: the word's expert, from the same request; talked: by default the talk that ships with the project
    raises the errors of `own_word`, and ModelError if the expert's file is damaged
    """
    keyword = folder_of(asked.word, asked.language)
    folder = work / "own_word" / keyword
    expert = KnownExpert(expert_path)
    if talked is None:
        talk = read_talk()
        talked = Talked(talk, read_frames(talk))
    lessons, name = gather_lessons(asked, config, expert, talked, folder, progress)
    networks = _trained(keyword, lessons, config, folder / f"students-{digest([name, plain(config)])}", progress)
    recorded = len(read_sounds(asked.recordings)[0]) >= FEWEST_TO_KEEP_BACK
    card, judged = read_card(expert_path), {}
    for number, (role, (crnn, _)) in enumerate(networks.items()):
        progress.step("measuring students", number, len(networks))
        judged[role] = judge(crnn, lessons, recorded, card.decision_config().patience_steps)
    paths = []
    for role, (crnn, settings) in networks.items():  # no file is written before all networks are made
        found, identity = judged[role], Identity(keyword, role)
        about = found.about(card, lessons, asked.language)
        paths.append(export(crnn, settings, found.calibration, identity, found.decision, models, about))
    progress.tell("measuring students", len(networks), len(networks), "")
    return MadeStudents(tuple(paths), judged, {role: crnn for role, (crnn, _) in networks.items()})


def _trained(
    keyword: str, lessons: Lessons, config: StudentsConfig, folder: Path, progress: Progress
) -> dict[str, tuple[Crnn, dict[str, Any]]]:
    """The networks with their settings, by role."""
    for role in TAUGHT:
        of_role = run_config(role, keyword, config)
        run = Run(folder / role, of_role, LessonSource(lessons, of_role), Team(), TaughtLoss(of_role.distill))
        cohort = Cohort([run], progress)
        cohort.resume()
        cohort.train()
    found = {role: load_crnn(folder / role / "best.pt") for role in TAUGHT}
    rounded, settings = load_crnn(folder / TAUGHT[-1] / "best.pt")
    put_on_grid(rounded, BITS)
    settings["train"]["weight_bits"] = BITS
    return {**found, QUANTIZED: (rounded, settings)}


def name_of(path: Path) -> str:
    """The name of a model, such as happy/student."""
    return f"{path.parent.name}/{path.stem}"
