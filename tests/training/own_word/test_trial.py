"""The trial of own-word: a model for each cell, tested on recordings that were not given, and resumed without work."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kws_app.engine.speech_body import BODY_SHA256, load_body
from training.corpus.pronunciations import pronunciations_of
from training.corpus.synthetic_speech import passages, write_sound
from training.corpus.voice_engines.espeak import EspeakEngine
from training.network.speech_embedding import WholeStreams
from training.own_word import gather_lessons, make, material, students, unheard
from training.own_word.gather_talk import embeddings_of
from training.own_word.heads import HeadConfig
from training.own_word.make import OwnWordConfig
from training.own_word.student_config import QUICK_STUDENTS
from training.own_word.talk_embeddings import TalkStream, talk_of
from training.own_word.talk_frames import TalkFrames
from training.own_word.trial import Cell, Trial, as_table, for_trial, read_cells, run_trial, write_cells
from training.own_word.trial_students import (
    StudentCell,
    read_student_cells,
    students_table,
    try_students,
    write_student_cells,
)
from training.progress import Progress

SMALL = OwnWordConfig(
    takes=8,
    sequences=24,
    recording_copies=2,
    background_s=18,
    heads=1,
    head=HeadConfig(hidden=16, steps=60, mined_windows=200),
)
CELLS = [Cell("alexa", 20, draw, 295, 11.0, (30, 3 * draw), 10) for draw in range(3)]


def test_a_row_has_the_median_and_the_range_of_its_draws() -> None:
    row = as_table([Cell("smart_mirror", 0, 0, 200, 11.0, (8, 3), 10), *CELLS])
    assert row[2] == "| smart mirror | 0 | 1 | 4.0 % | 1.5 % | 5.0 % |"
    assert row[3] == "| alexa | 20 | 3 | 10.2 % (10.2 to 10.2) | 1.0 % (0.0 to 2.0) | 3.4 % (3.4 to 3.4) |"
    assert not any("median of" in line for line in row)  # of a single word for each number of recordings
    assert row[-1].startswith("200 to 295 recordings of people, 11.0 h of talk")


def test_the_last_rows_have_the_median_of_the_words_and_the_worst() -> None:
    others = [Cell("zebra", 20, 0, 100, 11.0, (8, 6), 3), Cell("boom", 20, 0, 100, 11.0, (2, 2), 9)]
    row = as_table([*CELLS, *others])[5]
    assert row == "| median of 3 words | 20 | | 8.0 % (2.0 to 10.2) | 2.0 % (1.0 to 6.0) | 3.4 % (3.0 to 9.0) |"


def test_counts_are_kept_for_the_report(tmp_path: Path) -> None:
    assert read_cells(tmp_path / "cells.json") == []
    write_cells(tmp_path / "cells.json", CELLS)
    assert read_cells(tmp_path / "cells.json") == CELLS


def test_students_have_a_row_each_with_the_pair_beside_the_expert(tmp_path: Path) -> None:
    cell = StudentCell("smart_mirror", 20, "student", 200, 10.8, 30, 4, 5, 5, 3, 0.031)
    write_student_cells(tmp_path / "students.json", [cell])
    assert read_student_cells(tmp_path / "students.json") == [cell]
    assert students_table([cell])[2] == "| smart mirror | 20 | student | 15.0 % | 2.0 % | 2.5 % | 5, 3 | 3.1 % |"


def test_numbers_that_cannot_be_are_told() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        for_trial(["alexa"], [0], 0, SMALL)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng says the words")
def test_a_trial_tests_what_it_did_not_give_and_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "find_engines", lambda: [EspeakEngine()])
    monkeypatch.setattr(material, "PASSAGES", 1)
    body, engine, said = WholeStreams(load_body(BODY_SHA256)), EspeakEngine(), passages("training", "zebra", 0)
    talk = talk_of([TalkStream(s, s, embeddings_of(next(said)[1], body)) for s in ("training", "validation")])
    for module in (make, unheard):
        monkeypatch.setattr(module, "read_talk", lambda: replace(talk))
    data = tmp_path / "data"
    for folder in ("wake_words/marmalade", "more_talk/kathleen_en", "more_noise/moodist"):
        (data / folder).mkdir(parents=True)
    (pronunciation, *_), voices = pronunciations_of("marmalade"), engine.voices("en")
    for number in range(23):
        sound = engine.say(pronunciation, voices[number % len(voices)], 1.0)
        write_sound(data / "wake_words/marmalade" / f"{number}.wav", np.pad(sound, 4000))
    write_sound(data / "more_talk/kathleen_en/a.wav", next(said)[1])
    write_sound(
        data / "more_noise/moodist/rain.wav", np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    )

    asked = Trial(("marmalade",), (0, 3), 1, SMALL)
    cells = run_trial(asked, data, tmp_path / "work")
    assert [(cell.count, cell.tested) for cell in cells] == [(0, 23), (3, 20)]
    assert all(0 <= missed <= cell.tested for cell in cells for missed in (*cell.missed, cell.missed_in_noise))
    assert run_trial(asked, data, tmp_path / "work", Progress(is_cancelled=lambda: True)) == cells  # nothing is made
    with pytest.raises(ValueError, match="too few to give 4"):
        run_trial(replace(asked, counts=(4,)), data, tmp_path / "work")

    frames = TalkFrames(tuple(np.full((8 * len(s.embeddings), 40), -6.0, np.float32) for s in talk.streams))
    monkeypatch.setattr(gather_lessons, "find_engines", lambda: [EspeakEngine()])
    monkeypatch.setattr(students, "read_talk", lambda: talk)
    monkeypatch.setattr(students, "read_frames", lambda _: frames)
    asked = replace(asked, students=(3,))
    few = replace(QUICK_STUDENTS, sequences=32, near_sequences=8, near_takes=2, rows=16)
    tried = try_students(asked, few, data, tmp_path / "work")
    assert [(cell.role, cell.tested) for cell in tried] == [(r, 20) for r in ("teacher", "student", "quantized")]
    (cell,) = (cell for cell in cells if cell.count == 3)
    for one in tried:
        assert one.hours == pytest.approx(cell.hours) and one.missed_by_expert == pytest.approx(cell.missed[1], abs=1)
        assert one.missed_by_pair >= one.missed_by_expert and one.pair_alarms <= one.expert_alarms == 0
    assert try_students(asked, few, data, tmp_path / "work", Progress(is_cancelled=lambda: True)) == tried
