"""A change of the engine during the listening: no sound and no state of a model is lost."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from kws_app.audio.source import Feed, Phase, SourceState
from kws_app.detection.detector import Detector
from kws_app.engine.backends import JITTED, PLAIN
from kws_app.engine.catalogue import find_model
from kws_app.engine.keyword_model import KeywordModel
from kws_app.listening.session import SoundChunk
from kws_app.paths import MODELS_DIR
from tests.support.listener import Listener, Waiting, use
from tests.support.made_sound import made_minute

NAMES = ("happy/student", "happy/teacher")
PART = 40_000  # samples

pytest.importorskip("torch")


@pytest.fixture
def shipped(tmp_path: Path) -> Iterator[Listener]:
    listener = Listener(MODELS_DIR, tmp_path / "data")
    listener.worker.start()
    yield listener
    assert listener.worker.shut_down()


def scores_of(chunks: deque[SoundChunk], name: str) -> list[float]:
    return [
        float(score) for chunk in chunks for scored in chunk.scored if scored.model == name for score in scored.scores
    ]


def test_the_scores_are_those_of_one_engine_all_along(shipped: Listener, qtbot: QtBot) -> None:
    use(shipped, qtbot, *NAMES)
    chunks: deque[SoundChunk] = deque(maxlen=10_000)
    source = Waiting()
    source.feed = Feed(16_000)
    shipped.worker.listen_to(source, chunks)
    qtbot.waitUntil(lambda: Phase.WAITING in shipped.phases)  # it is started on the worker's thread
    source.state = SourceState(Phase.LISTENING)
    sound = made_minute()[: 4 * PART]
    for i, engine in enumerate((JITTED, PLAIN, JITTED, PLAIN)):
        source.feed.ring.write(sound[i * PART : (i + 1) * PART])
        with qtbot.waitSignal(shipped.worker.engine_changed) as changed:  # torch may be imported
            shipped.worker.use_engine(engine)
        assert changed.args == [engine]
    for name in NAMES:
        model = KeywordModel.load(find_model(name, MODELS_DIR).path, PLAIN)
        expected = Detector(model, model.card.decision_config()).process(sound).scores
        qtbot.waitUntil(lambda name=name, expected=expected: len(scores_of(chunks, name)) == len(expected))
        np.testing.assert_allclose(scores_of(chunks, name), expected, rtol=0, atol=1e-5)
    assert shipped.troubles == []
    qtbot.waitUntil(lambda: shipped.worker.health is not None and shipped.worker.health.engines == (PLAIN,))


def test_an_engine_that_cannot_run_here_is_said_and_all_goes_on(
    shipped: Listener, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(shipped, qtbot, "happy/student")
    monkeypatch.setattr("kws_app.engine.backends.has_torch", lambda: False)
    with qtbot.waitSignal(shipped.worker.engine_changed) as changed:
        shipped.worker.use_engine(JITTED)
    assert changed.args == [PLAIN] and len(shipped.troubles) == 1 and "needs PyTorch" in shipped.troubles[0]
