"""The models that listen at once: loaded and verified, each with its decision. On the worker's thread; no Qt.

torch is imported with the first model, behind the window that is already there.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kws_app.detection.tuning import Tuning
from kws_app.engine.card import ModelCard
from kws_app.engine.catalogue import ModelFolders
from kws_app.engine.pairs import card_of_pair, halves
from kws_app.errors import ModelError, brief
from kws_app.translation import _

if TYPE_CHECKING:
    from kws_app.detection.detector import Detector

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ActiveModel:
    """A model that listens, or a pair of them."""

    name: str
    paths: tuple[Path, ...]  # of the one, or of the one that listens and the one that confirms
    card: ModelCard
    main: bool  # of its keyword: it logs detections and sets off actions; the others are there to be compared

    @property
    def keyword(self) -> str:
        return self.card.keyword

    @property
    def recommended(self) -> float:
        """The card's threshold."""
        return self.card.threshold


class ActiveModels:
    """The models in use, in the user's order. The first of each keyword is its main one."""

    def __init__(self, folders: ModelFolders) -> None:
        self._folders = folders
        self._tunings: Mapping[str, Tuning] = {}
        self._outdated: set[str] = set()  # to be loaded again when they are used the next time
        self._paths: dict[str, tuple[Path, ...]] = {}
        self._cards: dict[str, ModelCard] = {}
        self.detectors: dict[str, Detector] = {}  # replaced, never changed
        self.models: dict[str, ActiveModel] = {}  # likewise

    def use(self, names: Sequence[str]) -> dict[str, str]:
        """Listen with these; those that did already keep their past. Why each of those that cannot cannot.

        If the first cannot, or none, what was in use stays.
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

    def drop(self, names: Sequence[str]) -> None:
        """Go on without these."""
        self._set({name: detector for name, detector in self.detectors.items() if name not in names})

    def forget(self, name: str) -> None:
        """The file of a model is another: the next `use` loads it, and pairs that it is in, again."""
        self._outdated |= {used for used in self.detectors if name in halves(used)}

    def tune(self, tunings: Mapping[str, Tuning]) -> None:
        """By name of model; a model without one decides as its card says. Holds from the next step on."""
        if tunings is not self._tunings:
            self._tunings = tunings
            self._apply_tunings()

    def _set(self, detectors: "dict[str, Detector]") -> None:
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

    def _load(self, name: str) -> "Detector":
        """raises ModelError, in one sentence, whatever is wrong"""
        try:
            from kws_app.detection.cascade import detector_of
            from kws_app.engine.model_file import KeywordModel, prepare_torch

            prepare_torch()
            first, second = halves(name)
            paths = tuple(self._folders.find(half).path for half in (first, second) if half)
            model = KeywordModel.load(paths[0])
            other = KeywordModel.load(paths[1]) if second else None
            card = card_of_pair(model.card, other.card if other else None)
            detector = detector_of(model, other, card.decision_config())
            self._paths[name], self._cards[name] = paths, card
            return detector
        except ModelError:
            raise
        except (ImportError, OSError) as error:  # torch, or a library that it is linked with
            raise ModelError(_("Models cannot run here ({error}): install the program again.", error=error)) from error
        except Exception as error:  # a foreign file may fail in any way, and the window waits for an answer
            log.exception("The model could not be loaded.")
            raise ModelError(
                _("The model {name} cannot be used ({error}): choose another.", name=name, error=brief(error))
            ) from error
