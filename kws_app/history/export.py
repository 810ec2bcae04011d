"""Clips and labels as files elsewhere. kws-labels, in kws_app/commands, hands the labels to training.

Labels go into a folder in the layout of Speech Commands, which `python -m training` reads: clips of one second in
<keyword>/, what the user called right and what was missed, and in unknown/, the false alarms: another word to training.
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
AFTER_WORD_S = 0.15  # of the exported second lie after the detection
SPEAKER = "owner"  # in file names; by the archive's rule this speaker belongs to the training set


def plain(name: str) -> str:
    """A name that is one folder or file on every system."""
    return re.sub(r"[^\w .-]", "_", name).strip(" .") or "_"


def suggested_name(entry: Entry) -> str:
    """Such as "2026-11-24 11.05.57 happy, false alarm.flac"."""
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
    """Write a clip to a file, as WAV if its name says so, else as it is. raises OSError or AudioError"""
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
        if target.exists():  # two within a second
            target = folder / f"{target.stem} {entry.id[-6:]}.flac"
        export_clip(store, entry, target)
        count += 1
    if not count:
        return _("There are no clips to export.")
    return ngettext("{count} clip in {folder}.", "{count} clips in {folder}.", count, folder=folder)


def the_word(entry: Entry, samples: Samples) -> Samples:
    """The second of a clip [N] in which the word lies, or what there is of it: training takes clips for one word each.

    A detection comes about when the word ends; a missed word is taken to be the loudest second.
    """
    last = max(0, len(samples) - SAMPLE_RATE)  # where the second can begin at the latest
    if entry.record.missed:
        energy = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
        begin = int(np.argmax(energy[SAMPLE_RATE:] - energy[: len(energy) - SAMPLE_RATE])) if last else 0
    else:
        detected_s = min(BEFORE_S, entry.record.time_s)  # in the clip, which begins with the sound
        begin = min(max(0, round((detected_s + AFTER_WORD_S) * SAMPLE_RATE) - SAMPLE_RATE), last)
    return samples[begin : begin + SAMPLE_RATE]


def export_labels(store: ClipStore, entries: Iterable[Entry], folder: Path) -> str:
    """Write the labelled clips into a folder in the layout of Speech Commands: one second each, 16 kHz WAV.

    A second export into the same folder brings it up to date. raises OSError or AudioError
    """
    counts: dict[str, int] = {}
    for entry in entries:
        if entry.id not in store.sizes or entry.deleted or not entry.is_labelled:
            continue
        keyword = plain(entry.record.keyword)
        word = UNKNOWN if entry.label == FALSE_ALARM else keyword
        name = f"{SPEAKER}_nohash_{entry.id}.wav"
        for other in {keyword, UNKNOWN} - {word}:  # the user thought again
            (folder / other / name).unlink(missing_ok=True)
        (folder / word).mkdir(parents=True, exist_ok=True)
        _write_wav(folder / word / name, the_word(entry, store.read(entry.id)))
        counts[word] = counts.get(word, 0) + 1
    if not counts:
        return _("No kept clip has a label yet.")
    parts = [_("{count} in {folder}/", count=count, folder=word) for word, count in sorted(counts.items())]
    return _("{parts} of {folder}.", parts=", ".join(parts), folder=folder)
