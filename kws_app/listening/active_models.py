"""The models that listen at the same time: loaded, checked, each with its decision. On the worker's thread; no Qt.

On the jitted engine, PyTorch is imported with the first model, after the window is shown.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kws_app.detection.cascade import detector_of
from kws_app.detection.detector import Detector
from kws_app.detection.tuning import Tuning
from kws_app.engine.backends import checked_engine, default_engine
from kws_app.engine.card import ModelCard
from kws_app.engine.catalogue import ModelFolders
from kws_app.engine.keyword_model import KeywordModel
from kws_app.engine.names import models_of
from kws_app.engine.pairs import card_of_pair
from kws_app.errors import ModelError, brief
from kws_app.translation import _

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ActiveModel:
    """A model that listens, or a pair of models."""

    name: str
    paths: tuple[Path, ...]  # of the model file; for a pair, of both model files in the order of their roles
    card: ModelCard
    main: bool  # the main model of its keyword is logged and starts actions; other models are only compared

    @property
    def keyword(self) -> str:
        return self.card.keyword

    @property
    def recommended(self) -> float:
        """The card's threshold."""
        return self.card.threshold


class ActiveModels:
    """The models in use, in the user's order. The first model of a keyword is its main model."""

    def __init__(self, folders: ModelFolders, engine: str | None = None) -> None:
        """engine: None for the default engine"""
        self._folders = folders
        self._engine = engine
        self._tunings: Mapping[str, Tuning] = {}
        self._outdated: set[str] = set()  # names of models to load again at the next `use`
        self._paths: dict[str, tuple[Path, ...]] = {}
        self._cards: dict[str, ModelCard] = {}
        self.detectors: dict[str, Detector] = {}  # by name; replaced, never changed
        self.models: dict[str, ActiveModel] = {}  # by name; replaced, never changed

    @property
    def engine(self) -> str:
        """The engine of the models. A model that comes as numbers alone runs in NumPy on either engine."""
        return self._engine or default_engine()

    def use(self, names: Sequence[str]) -> dict[str, str]:
        """Listen with these models. A model that listens already keeps its state.

        If the first model or every model is refused, the present models stay in use.
        returns: by name of each refused model, the reason in one sentence
        """
        refused: dict[str, str] = {}
        detectors: dict[str, Detector] = {}
        for name in dict.fromkeys(names):
            try:
                known = None if name in self._outdated else self.detectors.get(name)
                detectors[name] = known or self._load(name)
            except ModelError as error:
                refused[name] = str(error)
        if detectors and not (self.detectors and names[0] in refused):
            self._set(detectors)
            self._outdated.clear()
        return refused

    def run_on(self, engine: str | None) -> None:
        """Run the same models with their state on another engine; None is the default engine.

        raises ModelError, in one sentence, if a model cannot run on it: then nothing changes
        """
        engine = checked_engine(engine)
        loaded = {name: self._read(name, engine) for name in self.detectors}
        for name, detector in self.detectors.items():
            if [model.card for model in loaded[name]] == [model.card for model in detector.models]:
                detector.run_on(*loaded[name])
            else:
                self._outdated.add(name)  # the file was replaced: the next `use` loads it
        self._engine = engine

    def drop(self, names: Sequence[str]) -> None:
        """Go on without these models."""
        self._set({name: detector for name, detector in self.detectors.items() if name not in names})

    def forget(self, name: str) -> None:
        """The file of a model was replaced: the next `use` loads the model and its pairs again."""
        self._outdated |= {used for used in self.detectors if name in models_of(used)}

    def tune(self, tunings: Mapping[str, Tuning]) -> None:
        """Use these tunings from the next step on. tunings: by name of model; without a tuning, the card decides"""
        if tunings is not self._tunings:
            self._tunings = tunings
            self._apply_tunings()

    def _set(self, detectors: dict[str, Detector]) -> None:
        models: dict[str, ActiveModel] = {}
        for name in detectors:
            card = self._cards[name]
            models[name] = ActiveModel(
                name, self._paths[name], card, card.keyword not in {model.keyword for model in models.values()}
            )
        self.detectors, self.models = detectors, models
        self._apply_tunings()

    def _apply_tunings(self) -> None:
        for name, detector in self.detectors.items():
            config = self._tunings.get(name, Tuning()).applied_to(self._cards[name].decision_config())
            if detector.decision.config != config:
                detector.decision.config = config

    def _load(self, name: str) -> Detector:
        """A fresh detector. raises ModelError, in one sentence, on any failure"""
        first, *others = self._read(name, self._engine)
        second = others[0] if others else None
        card = card_of_pair(first.card, second.card if second else None)
        self._paths[name] = tuple(self._folders.path(model) for model in models_of(name))
        self._cards[name] = card
        return detector_of(first, second, card.decision_config())

    def _read(self, name: str, engine: str | None) -> list[KeywordModel]:
        """The model, or both models of a pair. raises ModelError, in one sentence, on any failure"""
        try:
            return [KeywordModel.load(self._folders.path(model), engine) for model in models_of(name)]
        except ModelError:
            raise
        except (ImportError, OSError) as error:  # PyTorch, or a library that it needs, cannot be loaded
            raise ModelError(_("Models cannot run here ({error}): install the program again.", error=error)) from error
        except Exception as error:  # any error of a foreign file: the window waits for an answer
            log.exception("The model could not be loaded.")
            raise ModelError(
                _("The model {name} cannot be used ({error}): choose another model.", name=name, error=brief(error))
            ) from error
