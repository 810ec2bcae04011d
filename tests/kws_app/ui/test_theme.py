"""The colours of a plot can be told apart, even by users who see no red or no green."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from kws_app.ui.theme import DARK, LIGHT, Theme

# sRGB primaries in linear light, as seen without one kind of cone (Machado, Oliveira and Fernandes 2009, severity 1)
EYES = {
    "all cones": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}
# Oklab (Ottosson 2020)
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
TOLD_APART = 0.075  # in Oklab; 0.02 is what can just be seen side by side
READABLE = 3.0  # contrast of a line with its ground, as WCAG 2 asks for graphics


def linear(color: str) -> NDArray[np.float64]:
    """#rrggbb in linear light, [3]."""
    value = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def seen(color: str, eye: str) -> NDArray[np.float64]:
    """Where a colour lies in Oklab for an eye, [3]."""
    return TO_LAB @ np.cbrt(TO_CONES @ np.clip(EYES[eye] @ linear(color), 0, 1))


def contrast(one: str, other: str) -> float:
    low, high = sorted(float(linear(color) @ [0.2126, 0.7152, 0.0722]) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_curves_threshold_and_marks_are_told_apart(theme: Theme, eye: str):
    colors = {f"curve {i}": color for i, color in enumerate(theme.scores)}
    colors |= {"threshold": theme.threshold, "mark": theme.heard}
    assert len(theme.scores) == 5
    for one, other in itertools.combinations(colors, 2):
        distance = np.linalg.norm(seen(colors[one], eye) - seen(colors[other], eye))
        assert distance > TOLD_APART, f"{one} and {other}"


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_each_stands_out_from_its_ground(theme: Theme):
    for color in (*theme.scores, theme.threshold, theme.heard, theme.waveform):
        assert contrast(color, theme.panel) >= READABLE, color
    for text, ground in (("text", "panel"), ("text", "window"), ("muted", "panel"), ("on_warning", "warning")):
        assert contrast(getattr(theme, text), getattr(theme, ground)) >= 4.5, text
