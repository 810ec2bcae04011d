"""The sequences of a shipped word's recordings, which are made once for each set of surroundings."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.toy_speech import KEYWORD
from training.own_word import material
from training.own_word.known_expert import KnownExpert
from training.own_word.make import OwnWord
from training.own_word.sequences import Surroundings
from training.ready_word.ready_config import QUICK, ready_data
from training.ready_word.word_sounds import gather_words, recordings_of_word

FEW = replace(QUICK, recorded_sequences=14, kept_copies=1)


def test_other_surroundings_make_other_sequences(
    toy_data: Path, expert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(material, "PASSAGES", 1)
    found, asked = recordings_of_word(toy_data, ready_data(KEYWORD)), OwnWord(KEYWORD, voices=False)
    heard_by = KnownExpert(expert / KEYWORD / "expert.safetensors")
    room, noise = np.ones(1, np.float32), np.full(16000, 0.1, np.float32)
    quiet, loud = (Surroundings([room], [level * noise], []) for level in (0.0, 1.0))
    made = [gather_words(asked, found, FEW, heard_by, around, tmp_path) for around in (quiet, loud, loud)]
    assert made[0].name != made[1].name == made[2].name
    assert len(list(tmp_path.glob("ready-recordings-*"))) == 2  # the third time they come from the disk
