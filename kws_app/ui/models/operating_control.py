"""What a threshold means, beside the slider; and one operating point through all models of a keyword.

On the window's thread. Who turns to another model keeps as many false alarms an hour, not the bare number.
"""

from dataclasses import replace

from PyQt6.QtCore import QObject

from kws_app.detection.operating_curve import OperatingCurve, same_rate
from kws_app.engine.card import ModelCard
from kws_app.engine.pairs import curve_of_pair, halves
from kws_app.ui.models.model_control import ModelControl
from kws_app.ui.models.operating_panel import OperatingPanel

AS_MEASURED = {"smoothing_steps": None, "patience_steps": None, "refractory_s": None}


class OperatingControl(QObject):
    """Binds the panel to the model that is looked at."""

    def __init__(self, panel: OperatingPanel, models: ModelControl) -> None:
        super().__init__()
        self._panel = panel
        self._models = models
        self._curves: dict[str, tuple[ModelCard, OperatingCurve | None]] = {}  # by model, and of which card
        self._set_on: dict[str, str] = {}  # by keyword, the model on which the user set the threshold last
        self._seen: tuple[str, float | None] = ("", None)  # the model that is shown, and the threshold set for it
        self._carrying = False
        panel.preset_chosen.connect(lambda threshold: models.tune(threshold=threshold))
        panel.form.changed.connect(lambda field, value: models.tune(**{field: value}))
        panel.form.reset_wanted.connect(lambda: models.tune(**AS_MEASURED))
        panel.form.confirm_chosen.connect(models.confirm_with)
        models.shown.connect(self._show)
        models.turned.connect(self._carry_over)
        self._show()

    def _curve(self, name: str) -> OperatingCurve | None:
        """Read once for each card."""
        card = self._models.cards.get(name)
        if card is None:
            return None
        known = self._curves.get(name)
        if known is None or known[0] is not card:
            known = self._curves[name] = card, OperatingCurve.of(card)
        return known[1]

    def _show(self) -> None:
        name, tuning = self._models.name, self._models.tuning
        card = self._models.cards.get(name)
        self._panel.setEnabled(card is not None)
        if card is None:
            return
        if self._seen[0] == name and self._seen[1] != tuning.threshold and not self._carrying:
            self._set_on[card.keyword] = name
        self._seen = name, tuning.threshold
        measured = card.decision_config()
        config = tuning.applied_to(measured)
        as_measured = replace(config, threshold=measured.threshold) == measured
        first, second = halves(name)
        cards = self._models.cards
        alone = second if second and curve_of_pair(cards[first], cards[second]) is None else ""
        self._panel.show_point(self._curve(name), config, as_measured, alone)
        self._panel.form.show_confirming(self._models.confirming, second)

    def _carry_over(self, before: str, name: str) -> None:
        """The user turned from a model to another: what was set on one holds for it too."""
        cards = self._models.cards
        if before not in cards or name not in cards or cards[before].keyword != cards[name].keyword:
            return
        own = self._models.tuning_of(name).threshold
        source = self._set_on.get(cards[name].keyword, before if own is None else name)
        if source == name:
            return
        wanted = self._models.tuning_of(source).threshold
        if wanted == cards[source].threshold:
            wanted = None  # its own
        threshold = None if wanted is None else same_rate(self._curve(source), wanted, self._curve(name))
        if (wanted is None or threshold is not None) and threshold != own:
            self._carrying = True
            self._models.tune(threshold=threshold)
            self._carrying = False
