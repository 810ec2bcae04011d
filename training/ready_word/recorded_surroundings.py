"""Recorded rooms, noises and talk of the data folder, in which the models of a word that ships learn."""

from pathlib import Path

import numpy as np

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.config import DataConfig
from training.corpus.sound import Sound, load_or_pass_over
from training.corpus.synthetic_speech import SPEECH_FOLDER
from training.evaluate.stream_render import from_its_peak
from training.features.vary import load_rooms
from training.own_word.sequences import CUT_IN, Surroundings
from training.ready_word.talk import TalkSource, noise_sources, talk_sources

SPEECH_FILES, SPEECH_S = 60, 12.0  # recordings of each source of talk, and the most seconds of each
NOISE_FILES, NOISE_S = 12, 30.0  # the same for noise and music
SHORTEST_S = 1.0  # shorter talk surrounds no word


def recorded_surroundings(root: Path, data: DataConfig, seed: int = 0) -> Surroundings:
    """Rooms, noises and talk of the training set. What is for validation, for the test or held back stays out.

    The words often cut a speaker off there.
    raises ValueError if there is no talk
    """
    rng = np.random.default_rng(seed)
    people = [source for source in talk_sources(root, data, "training") if source.name != SPEECH_FOLDER]
    speech = _some(people, SPEECH_FILES, SPEECH_S, rng)
    rooms = [from_its_peak(room) for room in load_rooms(root, data.rooms, without=data.test_rooms)]
    noises = _some(noise_sources(root, data), NOISE_FILES, NOISE_S, rng)
    return Surroundings(rooms, noises, [sound for sound in speech if len(sound) > SHORTEST_S * SAMPLE_RATE], CUT_IN)


def _some(sources: list[TalkSource], files: int, seconds: float, rng: np.random.Generator) -> list[Sound]:
    """The beginnings of some recordings of each source."""
    chosen = [source.paths[place] for source in sources for place in rng.permutation(len(source.paths))[:files]]
    return [sound for path in chosen if len(sound := load_or_pass_over(path)[: round(seconds * SAMPLE_RATE)])]
