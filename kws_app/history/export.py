"""Exports clips and labels to files in other folders. kws-labels, in kws_app/commands, uses this for training.

Labels go into a folder in the layout of Speech Commands, which `python -m training` reads. Each clip has one second.
<keyword>/ holds the clips that were right or missed. unknown/ holds the false alarms, as another word.
"""

import io
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

from kws_app.audio.ring import Samples
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.history.clip_store import ClipStore
from kws_app.history.entries import FALSE_ALARM, LABEL_WORDS, Entry
from kws_app.history.recorder import BEFORE_S
from kws_app.translation import _, ngettext

UNKNOWN = "unknown"  # the folder of false alarms
AFTER_WORD_S = 0.15  # part of the exported second that lies after the detection
SPEAKER = "owner"  # in file names; by the rule of Speech Commands this speaker is in the training set


def plain(name: str) -> str:
    """A name without characters that some systems do not allow in file names."""
    return re.sub(r"[^\w .-]", "_", name).strip(" .") or "_"


def suggested_name(entry: Entry) -> str:
    """A file name for a clip, such as "2026-11-24 11.05.57 happy, false alarm.flac"."""
    record = entry.record
    when = record.wall_time[:19].replace("T", " ").replace(":", ".")
    said = _("missed") if record.missed else LABEL_WORDS[entry.label]
    return plain(f"{when} {record.keyword}{' ' + said if said else ''}") + ".flac"


def _write_wav(target: Path, samples: Samples) -> None:
    """raises OSError"""
    packed = io.BytesIO()
    soundfile.write(packed, samples, SAMPLE_RATE, subtype="PCM_16", format="WAV")
    target.write_bytes(packed.getbuffer())


def export_clip(store: ClipStore, entry: Entry, target: Path) -> str:
    """Write a clip to a file: WAV if the name ends in .wav, else FLAC. raises OSError or AudioError"""
    if target.suffix.lower() == ".wav":
        _write_wav(target, store.read(entry.id))
    else:
        target.write_bytes(store.path(entry.id).read_bytes())
    return _("The clip is in {target}.", target=target)


def export_clips(store: ClipStore, entries: Iterable[Entry], folder: Path) -> str:
    """Write all clips into a folder. raises OSError or AudioError"""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for entry in entries:
        if entry.id not in store.sizes:
            continue
        target = folder / suggested_name(entry)
        if target.exists():  # two clips of the same second
            target = folder / f"{target.stem} {entry.id[-6:]}.flac"
        export_clip(store, entry, target)
        count += 1
    if not count:
        return _("There are no clips to export.")
    return ngettext("{count} clip in {folder}.", "{count} clips in {folder}.", count, folder=folder)


def the_word(entry: Entry, samples: Samples, length_s: float = 1.0) -> Samples:
    """The part of a clip [N] that contains the word, because training needs one word in each clip.

    A detection comes at the end of its word. A missed word is assumed in the loudest part.
    """
    length = round(length_s * SAMPLE_RATE)
    last = max(0, len(samples) - length)  # the latest sample at which the part can begin
    if entry.record.missed:
        energy = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
        begin = int(np.argmax(energy[length:] - energy[: len(energy) - length])) if last else 0
    else:
        detected_s = min(
            BEFORE_S, entry.record.time_s
        )  # seconds from the start of the clip; a clip is shorter at the start of a source
        begin = min(max(0, round((detected_s + AFTER_WORD_S) * SAMPLE_RATE) - length), last)
    return samples[begin : begin + length]


def export_labels(store: ClipStore, entries: Iterable[Entry], folder: Path) -> str:
    """Write the labelled clips into a folder in the layout of Speech Commands: one second each, 16 kHz WAV.

    A second export into the same folder brings the folder up to date. raises OSError or AudioError
    """
    counts: dict[str, int] = {}
    for entry in entries:
        if entry.id not in store.sizes or entry.deleted or not entry.is_labelled:
            continue
        keyword = plain(entry.record.keyword)
        word = UNKNOWN if entry.label == FALSE_ALARM else keyword
        name = f"{SPEAKER}_nohash_{entry.id}.wav"
        for other in {keyword, UNKNOWN} - {word}:  # the user has changed the label
            (folder / other / name).unlink(missing_ok=True)
        (folder / word).mkdir(parents=True, exist_ok=True)
        _write_wav(folder / word / name, the_word(entry, store.read(entry.id)))
        counts[word] = counts.get(word, 0) + 1
    if not counts:
        return _("No clip has a label yet: label a row first.")
    parts = [_("{count} in {folder}/", count=count, folder=word) for word, count in sorted(counts.items())]
    return _("{parts} of {folder}.", parts=", ".join(parts), folder=folder)
