"""A contest of wake-word engines: a stream is composed once and played to all of them.

plugins.py finds the engines, entries.py our models, play.py plays the stream, standings.py counts, page.py writes.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from kws_app import __version__
from kws_app.paths import MODELS_DIR
from training.arena.entries import OURS, Entry, entries
from training.arena.page import as_table, plot, write_counts
from training.arena.play import Answer, Player, play
from training.arena.plugins import environment_of, plugins
from training.arena.standings import Standing, standing_of
from training.config import DataConfig, RunConfig
from training.corpus.recordings import audio_files, clips_of
from training.corpus.synthetic_speech import SPEECH_FOLDER
from training.evaluate import test_sets
from training.evaluate.segments import Surroundings, segments_of
from training.evaluate.stream_plan import Material, plan_stream
from training.evaluate.stream_render import CONDITIONS
from training.progress import SILENT, Progress
from training.recipes import for_keyword


@dataclass(frozen=True)
class Contest:
    """The engines to compare, and the sound."""

    word: str
    engines: tuple[str, ...] = ()  # names or paths of plug-ins; by default all open engines that know the word
    models: tuple[Path, ...] = (MODELS_DIR,)  # folders of our models
    split: str = "testing"  # set of the word's recordings, or "all"
    talk: tuple[Path, ...] = ()  # more folders of speech without the word
    conditions: tuple[str, ...] = ("clean", "noise 10 dB")  # the first chooses the thresholds
    hours: float = float("inf")  # of speech under the first condition, at most
    more_hours: float = (
        1.0  # of speech under each of the other conditions, at most; all recordings of the word are in it
    )
    segments: int | None = None  # only the first of each condition are played; None for all
    takes: Path | None = None  # recordings for engines that learn a word from them; they are not played
    seed: int = 0

    def __post_init__(self) -> None:
        known = [condition.name for condition in CONDITIONS]
        for name in self.conditions:
            if name not in known:
                raise ValueError(f"There is no condition {name!r}. The conditions are: {', '.join(known)}.")
        if min(self.hours, self.more_hours, 1 if self.segments is None else self.segments) <= 0:
            raise ValueError("The hours of speech and the segments must be more than 0.")


@dataclass(frozen=True)
class Compared:
    """The standings of all entries, and the table, plot and counts that tell them."""

    word: str
    standings: tuple[Standing, ...]
    path: Path  # of the table
    text: str


def compare(root: Path, folder: Path, asked: Contest, progress: Progress = SILENT) -> Compared:
    """Play the same sound to every engine. Writes a table, a plot and all counts into `folder`.

    Finished scores are kept below `folder`, so a contest that was cut goes on where it was.
    root: the data folder
    raises ValueError or OSError, with a sentence, if an engine or the audio is missing
    """
    chosen = entries(plugins(asked.engines, asked.word), asked.word, asked.models, asked.takes)
    data = replace(for_keyword(RunConfig(), asked.word).data, keyword=asked.word)
    material = contest_material(root, data, asked)
    players = [Player(entry, environment_of(entry.plugin, folder / "environments"), asked.word) for entry in chosen]
    for player in players:
        progress.say(f"== {player.entry.name}: {player.entry.plugin.about}")
    answers = _answers(players, root, data, material, asked, folder / "scores", progress)
    standings = []
    for i, player in enumerate(players):
        size = player.environment.download_mb + sum(path.stat().st_size for path in player.entry.files) / 1e6
        found = {name: all_answers[i] for name, all_answers in answers.items()}
        standings.append(standing_of(player.entry.name, _version(player.entry), found, size))
    text = as_table(asked.word, standings)
    path = folder / f"{asked.word}.md"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    write_counts({asked.word: standings}, folder / f"{asked.word}.json")
    plot({asked.word: standings}, folder / f"{asked.word}.png")
    return Compared(asked.word, tuple(standings), path, text)


def _version(entry: Entry) -> str:
    """The version of the engine's package: the only package that a plug-in pins."""
    if entry.plugin.name == OURS:
        return __version__
    wanted = (*entry.plugin.without_dependencies, *entry.plugin.requirements)
    pinned = [requirement.split("==")[1] for requirement in wanted if "==" in requirement]
    return pinned[0] if pinned else ""


def _answers(
    players: list[Player],
    root: Path,
    data: DataConfig,
    material: Material,
    asked: Contest,
    kept: Path,
    progress: Progress,
) -> dict[str, list[Answer]]:
    """All players' answers by condition."""
    answers: dict[str, list[Answer]] = {}
    for name in asked.conditions:
        (condition,) = [condition for condition in CONDITIONS if condition.name == name]
        rooms = test_sets.rooms_for(root, data, "testing", (condition,))
        around = Surroundings(condition, tuple(material.noises), tuple(rooms), asked.seed)
        hours = min(asked.hours, asked.more_hours) if answers else asked.hours
        stream = plan_stream(material, asked.seed, hours, filled=0.0)
        answers[name] = play(players, segments_of(stream)[: asked.segments], around, kept, progress)
    return answers


def contest_material(root: Path, data: DataConfig, asked: Contest) -> Material:
    """The word's recordings, and real speech without the word. raises ValueError if there is no recording"""
    clips = clips_of(root, asked.word, with_sets=asked.split != "all")
    if asked.split != "all":
        clips = [clip for clip in clips if clip.split == asked.split]
    given = {path.name for path in audio_files(asked.takes)} if asked.takes else set()
    speech = test_sets.recordings_of(root, data.speech, data.test_speech, data, "testing")
    more = [file for folder in asked.talk for file in audio_files(folder)]
    noises = test_sets.recordings_of(root, data.noise, data.test_noise, data, "testing")
    return Material(
        talk=[r.path for r in speech if r.path.parent.name != SPEECH_FOLDER] + more,
        keywords=[clip.path for clip in clips if clip.path.name not in given],
        noises=[recording.path for recording in noises],
    )
