"""Exported clips and labels: training reads what the user labelled."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_app.errors import AudioError
from kws_app.history.clip_store import ClipStore
from kws_app.history.entries import FALSE_ALARM, RIGHT, Entry
from kws_app.history.export import export_clip, export_clips, export_labels, suggested_name, the_word
from kws_app.history.facts import DetectionRecord, clip_name, new_id
from training.corpus.recordings import read_clips

SOUND = np.sin(np.linspace(0, 900, 40_000)).astype(np.float32)
WALL_TIME = "2026-11-24T11:05:57.123+01:00"


@pytest.fixture
def store(tmp_path: Path) -> ClipStore:
    return ClipStore(tmp_path / "data" / "clips")


def kept(store: ClipStore, label: str = "", keyword: str = "happy", missed: bool = False) -> Entry:
    id = new_id()
    store.write(id, SOUND)
    model = f"{keyword}/teacher"
    record = DetectionRecord(WALL_TIME, None, "mic", keyword, model, 9.0, 0.93, id, clip_name(id), missed=missed)
    return Entry(record, label=label)


def test_training_reads_what_was_labelled_and_nothing_else(store: ClipStore, tmp_path: Path):
    right, wrong, missed = kept(store, RIGHT), kept(store, FALSE_ALARM), kept(store, missed=True)
    silent, deleted, lost = kept(store), replace(kept(store, RIGHT), deleted=True), kept(store, RIGHT)
    store.remove(lost.id)
    said = export_labels(store, [right, wrong, missed, silent, deleted, lost], tmp_path / "out")
    assert said == f"2 in happy/, 1 in unknown/ of {tmp_path / 'out'}."
    clips = read_clips(tmp_path / "out")
    assert [(clip.word, clip.speaker, clip.split) for clip in clips] == [
        ("happy", "owner", "training"),
        ("happy", "owner", "training"),
        ("unknown", "owner", "training"),
    ]
    samples, rate = soundfile.read(clips[0].path, dtype="float32")
    assert rate == 16_000 and soundfile.info(clips[0].path).subtype == "PCM_16"
    np.testing.assert_allclose(samples, SOUND[AT - 13_600 : AT + 2_400], atol=1e-4)


AT = 32_000  # where in a clip the detection lies


@pytest.mark.parametrize(
    ("length", "time_s", "begin"),
    [
        (40_000, 9.0, 18_400),  # to 0.15 s after the detection
        (33_600, 9.0, 17_600),  # listening stopped soon after it
        (24_000, 1.0, 2_400),  # and began soon before it
        (20_000, 0.6, 0),
        (12_000, 0.25, 0),  # less than a second in all
    ],
)
def test_the_second_that_ends_with_the_word_is_exported(store: ClipStore, length: int, time_s: float, begin: int):
    entry = kept(store)
    entry = replace(entry, record=replace(entry.record, time_s=time_s))
    ramp = np.arange(length, dtype=np.float32)
    np.testing.assert_array_equal(the_word(entry, ramp), ramp[begin : begin + 16_000])


@pytest.mark.parametrize("at", [0, 9_000, 32_000])
def test_of_a_missed_word_the_loudest_second_is_exported(store: ClipStore, at: int):
    sound = np.full(48_000, 0.01, np.float32)
    sound[at : at + 16_000] = 0.5
    np.testing.assert_array_equal(the_word(kept(store, missed=True), sound), np.full(16_000, 0.5, np.float32))
    assert len(the_word(kept(store, missed=True), sound[:100])) == 100


def test_a_second_export_follows_a_change_of_mind(store: ClipStore, tmp_path: Path):
    entry = kept(store, RIGHT)
    export_labels(store, [entry], tmp_path)
    export_labels(store, [replace(entry, label=FALSE_ALARM)], tmp_path)
    assert [path.parent.name for path in tmp_path.glob("*/owner_nohash_*.wav")] == ["unknown"]


def test_without_labels_it_says_so(store: ClipStore, tmp_path: Path):
    assert export_labels(store, [kept(store)], tmp_path / "out") == "No clip has a label yet: label a row first."
    assert not (tmp_path / "out").exists()


def test_a_keyword_cannot_lead_out_of_the_folder(store: ClipStore, tmp_path: Path):
    export_labels(store, [kept(store, RIGHT, keyword="../../up"), kept(store, RIGHT, keyword="..")], tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["_", "_.._up"]


def test_one_clip_becomes_a_file_of_either_kind(store: ClipStore, tmp_path: Path):
    entry = kept(store)
    for name, form in (("a.flac", "FLAC"), ("a.wav", "WAV")):
        assert export_clip(store, entry, tmp_path / name) == f"The clip is in {tmp_path / name}."
        assert soundfile.info(tmp_path / name).format == form
        np.testing.assert_allclose(soundfile.read(tmp_path / name)[0], SOUND, atol=1e-4)


def test_a_clip_that_is_gone_is_an_error(store: ClipStore, tmp_path: Path):
    entry = kept(store)
    store.path(entry.id).unlink()
    for name, error in (("a.flac", OSError), ("a.wav", AudioError)):
        with pytest.raises(error):
            export_clip(store, entry, tmp_path / name)


def test_all_clips_get_names_of_their_own(store: ClipStore, tmp_path: Path):
    entries = [kept(store), kept(store), kept(store, FALSE_ALARM), kept(store, missed=True)]
    assert export_clips(store, entries, tmp_path / "out") == f"4 clips in {tmp_path / 'out'}."
    names = {path.name for path in (tmp_path / "out").iterdir()}
    told = {f"2026-11-24 11.05.57 happy{what}.flac" for what in ("", " missed", " false alarm")}
    assert told < names
    (other,) = names - told  # the second of the two that are alike, with its id
    assert other.startswith("2026-11-24 11.05.57 happy ")
    assert "no clips" in export_clips(store, [], tmp_path / "out")


def test_a_name_suits_every_system():
    record = DetectionRecord(WALL_TIME, None, None, "a/b:c", "m", 1.0, 0.5)
    assert suggested_name(Entry(record)) == "2026-11-24 11.05.57 a_b_c.flac"
