"""Lists the audio files and the set of each: words in the Speech Commands layout, and talk split by speaker.

This module reads names and lists only. `sound.py` decodes.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from training.config import DataConfig
from training.corpus.held_back import without_held_back

SPLITS = ("training", "validation", "testing")
WORD_FOLDERS = ("wake_words", "more_wake_words", "speech_commands")  # of recordings of words, below the data folder
AUDIO_SUFFIXES = {".wav", ".flac", ".ogg", ".opus", ".mp3"}
_HASH_SPAN = 2**27 - 1
# Sources that belong to one set as a whole. So the test set has kinds of talk that training never hears.
SOURCE_SPLITS = {
    "spoken_commands": "testing",  # its speakers have no names
    "drascula": "testing",
    "fillets_cs": "testing",
    "fillets_nl": "testing",
    "kathleen_en": "testing",
    "nathalie_nl": "testing",
    "kerstin_de": "validation",
    "queen": "training",  # the same few actors speak in all its recordings
    "telephone/it": "validation",
    "telephone/ru": "validation",
    "telephone": "training",
    "gcompris": "training",
    **dict.fromkeys(("tuxpaint/be", "tuxpaint/es", "tuxpaint/fr"), "training"),  # the test set has other sources
}


@dataclass(frozen=True)
class Clip:
    """A recording of a single word."""

    path: Path
    word: str
    speaker: str
    split: str


@dataclass(frozen=True)
class Recording:
    """Continuous speech, or noise."""

    path: Path
    group: str  # the speaker, or the file if nobody named the speaker
    split: str


def hash_percent(name: str) -> float:
    """A stable number in 0..100 for a name, from its SHA-1: the archive's own rule (Warden 2018)."""
    digest = int(hashlib.sha1(name.encode()).hexdigest(), 16)
    return (digest % (_HASH_SPAN + 1)) * 100.0 / _HASH_SPAN


def split_of(name: str, validation_percent: float, test_percent: float) -> str:
    """The set of a speaker or file, by the hash of its name."""
    percent = hash_percent(name)
    if percent < validation_percent:
        return "validation"
    return "testing" if percent < validation_percent + test_percent else "training"


def group_split(group: str, validation_percent: float, test_percent: float) -> str:
    """The set of a speaker or source: the set in SOURCE_SPLITS, or else the set by the hash of its name."""
    for name in (group, group.split("/")[0]):
        if name in SOURCE_SPLITS:
            return SOURCE_SPLITS[name]
    return split_of(group, validation_percent, test_percent)


def speaker_of(path: Path) -> str:
    """The speaker in a Speech Commands file name, or the whole name if it holds no speaker."""
    return re.sub(r"_nohash_.*$", "", path.stem)


def audio_files(folder: Path) -> list[Path]:
    """The audio files right inside a folder, sorted by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in AUDIO_SUFFIXES)


def audio_files_below(folder: Path) -> list[Path]:
    """The audio files in a folder and in all folders below it, by name.

    raises ValueError if there is no such folder, or no audio in it
    """
    if not folder.is_dir():
        raise ValueError(f"There is no folder '{folder}'.")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file())
    files = without_held_back(found)
    if not files:
        reason = "only audio that is held back to judge the result" if found else "no audio file"
        raise ValueError(f"The folder '{folder}' holds {reason}.")
    return files


def read_clips(folder: Path) -> list[Clip]:
    """All clips of a folder in the archive's layout, with their sets.

    validation_list.txt and testing_list.txt name the clips of those sets; all other clips are for training. Without
    these lists the archive's rule decides (10 % of the speakers for each of the two sets).
    raises ValueError if the folder is missing or holds no word
    """
    if not folder.is_dir():
        raise ValueError(
            f"There is no folder {folder}; bring the audio with `python -m training fetch`, or see --data."
        )
    listed: dict[str, str] = {}
    has_lists = False
    for split, name in (("validation", "validation_list.txt"), ("testing", "testing_list.txt")):
        if (folder / name).is_file():
            has_lists = True
            listed.update(dict.fromkeys((folder / name).read_text().split(), split))
    clips = []
    words = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(("_", "."))]
    for word in sorted(words):
        for path in without_held_back(audio_files(word)):
            speaker = speaker_of(path)
            default = "training" if has_lists else split_of(speaker, 10, 10)
            clips.append(Clip(path, word.name, speaker, listed.get(f"{word.name}/{path.name}", default)))
    if not clips:
        raise ValueError(f"{folder} holds no clips: expected <word>/<speaker>_nohash_<n>.wav below it.")
    return clips


def without_phrases(clips: Iterable[Clip], keyword: str) -> list[Clip]:
    """The clips without phrases that say the keyword, such as "hey computer": these are neither word nor other word."""
    return [clip for clip in clips if clip.word == keyword or f"_{keyword}_" not in f"_{clip.word}_"]


def clips_of(root: Path, word: str, with_sets: bool = True) -> list[Clip]:
    """The recordings of a word in all folders of words below the data folder, with their sets.

    word: a folder's name; with_sets: whether the sets matter

    raises ValueError if there is none, or if nobody divided recordings without speakers into sets
    """
    folders = [root / name for name in WORD_FOLDERS if (root / name / word).is_dir()]
    if not folders:
        raise ValueError(f"There are no recordings of {word!r} below {root}: looked in {', '.join(WORD_FOLDERS)}.")
    for folder in folders:
        if with_sets and not (folder / "testing_list.txt").is_file():
            lists = f"python -m training fetch --lists {folder.name}"
            raise ValueError(f"The recordings in {folder} have no sets: run `{lists}`.")
    return [clip for folder in folders for clip in read_clips(folder) if clip.word == word]


def stream_group(path: Path) -> str:
    """The speaker of a recording, from its name and folder: a reader, a learner, or a data set with few speakers."""
    folder = path.parent.name
    if folder in ("librispeech", "english_learners", "arabic_commands"):
        return f"{folder}/{path.stem.split('-')[0]}"
    if folder == "synthetic_speech":
        return f"{folder}/{path.stem.rsplit('-', 1)[0]}"
    if folder in (
        "kathleen_en",
        "ljspeech",
        "kerstin_de",
        "nathalie_nl",
        "fillets_cs",
        "fillets_nl",
        "queen",
        "drascula",
    ):
        return folder
    if folder == "telephone":
        return f"{folder}/{path.stem[:2]}"  # each language has one speaker
    if folder in ("gcompris", "tuxpaint"):
        return f"{folder}/{path.stem.split('-')[0]}"  # each language has one speaker, or a few
    return f"{folder}/{path.stem}"


def says_keyword(root: Path, data: DataConfig) -> set[str]:
    """The names (folder/stem) of recordings whose transcript holds the keyword, alone or inside a longer word."""
    tables = {root / data.transcripts, *root.glob("*/transcripts.tsv")}
    lines = [line for table in sorted(tables) if table.is_file() for line in table.read_text("utf-8").splitlines()]
    rows = (line.split("\t", 1) for line in lines if "\t" in line)
    return {name for name, text in rows if data.keyword.lower() in text.lower()}


def read_recordings(root: Path, patterns: tuple[str, ...], data: DataConfig) -> list[Recording]:
    """The recordings in the folders that match. Left out: recordings of the keyword, and those that `exclude` names."""
    spoken = says_keyword(root, data)
    recordings = []
    for pattern in patterns:
        for folder in sorted(path for path in root.glob(pattern) if path.is_dir()):
            if folder.name == data.keyword:
                continue
            for path in without_held_back(audio_files(folder)):
                if f"{folder.name}/{path.stem}" in spoken or path.stem in data.exclude:
                    continue
                group = stream_group(path)
                split = group_split(group, data.validation_percent, data.test_percent)
                recordings.append(Recording(path, group, split))
    return recordings
