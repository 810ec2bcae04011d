"""A contest of wake-word engines: a stream is composed once and played to all of them.

plugins.py finds the engines, play.py plays the stream, standings.py counts.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from training.arena.play import play
from training.arena.plugins import environment_of, plugins
from training.arena.standings import as_table, plot, standing_of, write_json
from training.config import DataConfig, RunConfig
from training.corpus.recordings import audio_files, read_clips
from training.corpus.synthetic_speech import SPEECH_FOLDER
from training.evaluate import test_sets
from training.evaluate.segments import Surroundings
from training.evaluate.stream_plan import Material, plan_stream
from training.evaluate.stream_render import CONDITIONS
from training.progress import SILENT, Progress
from training.recipes import for_keyword


@dataclass(frozen=True)
class Contest:
    """The engines to compare, and the sound."""

    word: str
    engines: tuple[str, ...] = ()  # names or paths of plug-ins; by default all open engines that know the word
    split: str = "testing"  # set of the word's recordings, or "all"
    talk: tuple[Path, ...] = ()  # more folders of speech without the word
    conditions: tuple[str, ...] = ("clean", "noise 10 dB")
    takes: Path | None = None  # recordings for engines that learn a word from them
    seed: int = 0

    def __post_init__(self) -> None:
        known = [condition.name for condition in CONDITIONS]
        for name in self.conditions:
            if name not in known:
                raise ValueError(f"There is no condition {name!r}. The conditions are: {', '.join(known)}.")


def compare(root: Path, folder: Path, asked: Contest, progress: Progress = SILENT) -> tuple[Path, str]:
    """Play the same sound to every engine. Writes a table, a plot and all counts into `folder`.

    Finished scores are kept below `folder`, so a contest that was cut goes on where it was.
    root: the data folder; returns: the table's path and text
    raises ValueError or OSError, with a sentence, if an engine or the audio is missing
    """
    chosen = plugins(asked.engines, asked.word)
    data = replace(for_keyword(RunConfig(), asked.word).data, keyword=asked.word)
    material = contest_material(root, data, asked)
    rooms = test_sets.rooms_for(root, data, "testing", CONDITIONS)
    stream = plan_stream(material, asked.seed, float("inf"), filled=0.0)
    standings = []
    for plugin in chosen:
        progress.say(f"== {plugin.name}: {plugin.about}")
        environment = environment_of(plugin, folder / "environments")
        for condition in (condition for condition in CONDITIONS if condition.name in asked.conditions):
            around = Surroundings(condition, tuple(material.noises), tuple(rooms), asked.seed)
            kept = folder / "scores"
            answer = play(plugin, environment, asked.word, stream, around, kept, asked.takes, progress)
            standings.append(standing_of(plugin.name, condition.name, answer, environment.download_mb))
    text = as_table(asked.word, standings)
    path = folder / f"{asked.word}.md"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    write_json(standings, folder / f"{asked.word}.json")
    plot(asked.word, standings, folder / f"{asked.word}.png")
    return path, text


def contest_material(root: Path, data: DataConfig, asked: Contest) -> Material:
    """The word's recordings, and real speech without the word. raises ValueError if there is no recording"""
    folders = [folder for folder in ("wake_words", "speech_commands") if (root / folder / asked.word).is_dir()]
    if not folders:
        raise ValueError(
            f"There are no recordings of {asked.word!r} below {root}/wake_words or {root}/speech_commands."
        )
    clips = [clip for clip in read_clips(root / folders[0]) if clip.word == asked.word]
    if asked.split != "all":
        clips = [clip for clip in clips if clip.split == asked.split]
    speech = test_sets.recordings_of(root, data.speech, data.test_speech, data, "testing")
    more = [file for folder in asked.talk for file in audio_files(folder)]
    noises = test_sets.recordings_of(root, data.noise, data.test_noise, data, "testing")
    return Material(
        talk=[r.path for r in speech if r.path.parent.name != SPEECH_FOLDER] + more,
        keywords=[clip.path for clip in clips],
        noises=[recording.path for recording in noises],
    )
