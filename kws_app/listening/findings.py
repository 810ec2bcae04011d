"""Gives the findings of a session to the recorder, the log and the window. On the worker's thread; no Qt.

The session finds detections in the sound. Only the main model of a keyword counts: other models are only compared.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kws_app.audio.source import Source
from kws_app.detection.decision import Detection, DetectionEnd
from kws_app.errors import LabelError
from kws_app.history.entries import ModelSetup, model_setup
from kws_app.history.facts import DetectionRecord
from kws_app.history.log import DetectionLog
from kws_app.history.rate import Listened
from kws_app.history.recorder import Recorder
from kws_app.listening.active_models import ActiveModel, ActiveModels
from kws_app.listening.session import SoundChunk
from kws_app.translation import _


@dataclass(frozen=True)
class Mark:
    """A detection for the window: its source, its sample on the session's clock, and its line in the log."""

    source: Source
    sample: int
    record: DetectionRecord


class Findings:
    """Call `begin` for each source, `take` for each chunk of its sound, `finish` at its end."""

    def __init__(
        self,
        recorder: Recorder,
        log: DetectionLog,
        active: ActiveModels,
        detected: Callable[[Mark], None],
        listened: Callable[[Listened], None],
        failed: Callable[[str], None],
    ) -> None:
        """detected: called with each detection of a main model
        listened: called with the hours of listening, when they have changed
        failed: called with one sentence
        """
        self._recorder, self._log, self._active = recorder, log, active
        self._tell_detected, self._tell_hours, self._tell_failed = detected, listened, failed
        self._told = recorder.listened  # the hours that were sent last

    def begin(self, source: Source) -> None:
        """Another source begins."""
        self._recorder.begin(source)
        self._send_hours()

    def take(self, source: Source, chunk: SoundChunk) -> None:
        """Record the sound, scores and detections of a chunk."""
        self._recorder.hear(chunk.samples, chunk.first_sample, self._setups())
        self._send_hours()
        for scored in chunk.scored:
            model = self._active.models[scored.model]
            self._recorder.note_scores(scored.model, scored.step_ends, scored.scores)
            for detection in scored.detections if model.main else ():
                self._record(source, model, detection)
            for end in scored.ends:
                self._recorder.end(scored.model, end)

    def finish(self, ends: Iterable[tuple[str, DetectionEnd]]) -> None:
        """The source has ended. ends: detections that end with it, each with the name of its model"""
        for model, end in ends:
            self._recorder.end(model, end)
        self._recorder.finish()
        self._send_hours()

    def models_changed(self) -> None:
        """Other models or thresholds are in use: until the next chunk, the hours and a missed word belong to them."""
        if self._recorder.setups:
            self._recorder.use(self._setups())
            self._send_hours()

    def save_missed(self) -> None:
        """Save the last seconds as a missed word, or say why not."""
        try:
            self._recorder.missed(self._setups())
        except LabelError as error:
            self._tell_failed(str(error))

    def _setups(self) -> dict[str, ModelSetup]:
        """By keyword, the main model and its decision."""
        models = [model for model in self._active.models.values() if model.main]
        decisions = self._active.detectors
        return {model.keyword: model_setup(model.name, decisions[model.name].decision.config) for model in models}

    def _record(self, source: Source, model: ActiveModel, detection: Detection) -> None:
        record = self._recorder.add(model.keyword, self._setups()[model.keyword], detection)
        self._tell_detected(Mark(source, detection.sample, record))
        try:
            self._log.append(record)
        except OSError as error:
            self._tell_failed(
                _("The detection could not be written to {file} ({error}).", file=self._log.path, error=error)
            )

    def _send_hours(self) -> None:
        if self._recorder.listened is not self._told:
            self._told = self._recorder.listened
            self._tell_hours(self._told)
