from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.corpus.acoustic_groups import group_alike, write_lists
from training.corpus.recordings import read_clips


def test_similar_recordings_are_in_one_group() -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 10, (4, 12))
    owner = np.repeat(np.arange(4), 8)
    groups = group_alike((centres[owner] + rng.normal(0, 0.1, (32, 12))).astype(np.float32))
    assert len(set(groups)) == 4
    assert all(len(set(groups[owner == k])) == 1 for k in range(4))


def test_lists_name_each_recording_once_and_mostly_keep_a_voice_together(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    for voice in range(24):
        tone_hz = 150 * 1.15**voice
        for word in ("one", "two"):
            for take in range(4):
                tone = np.sin(2 * np.pi * tone_hz * t) * np.hanning(len(t))
                sound = 0.2 * tone + 0.001 * rng.standard_normal(len(t))
                path = tmp_path / word / f"voice{voice}take{take}.wav"
                path.parent.mkdir(exist_ok=True)
                soundfile.write(str(path), sound, SAMPLE_RATE)
    counts = write_lists(tmp_path)
    assert sum(counts.values()) == 24 * 8 and all(counts.values())
    split_of_voice: dict[str, set[str]] = {}
    for clip in read_clips(tmp_path):
        split_of_voice.setdefault(clip.path.stem.split("take")[0], set()).add(clip.split)
    together = [len(splits) == 1 for splits in split_of_voice.values()]
    assert np.mean(together) > 0.8  # random groups give 0.6**8 or less


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no recordings"):
        write_lists(tmp_path)
