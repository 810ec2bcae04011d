"""Tool tips show the text that they were given, whatever markup is in it."""

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QTextDocument

from kws_app.history.entries import Entry
from kws_app.history.facts import DetectionRecord, now_iso
from kws_app.ui.history.detection_list import tip
from kws_app.ui.widgets.plain_tip import plain_tip


def as_shown(tip_text: str) -> str:
    """What Qt makes of a tool tip, which it may take for markup."""
    if not Qt.mightBeRichText(tip_text):
        return tip_text
    document = QTextDocument()
    document.setHtml(tip_text)
    return document.toPlainText()


@pytest.mark.parametrize("text", ["<b>loud</b>.wav", "a <img src='file:///etc/passwd'>\nb & c &amp; d", "<a href=x>y"])
def test_markup_is_shown_as_it_is_written(text: str):
    assert as_shown(plain_tip(text)) == text


@pytest.mark.parametrize("text", ["plain", "two\nlines", "1 < 2 & 3 > 2", ""])
def test_a_text_without_markup_stays_as_it_is(text: str):
    assert plain_tip(text) == text


def test_the_row_of_a_file_with_markup_in_its_name():
    entry = Entry(DetectionRecord(now_iso(), "/tmp/<h1>x</h1>.wav", None, "loud", "loud/teacher", 1.0, 0.9))
    assert "/tmp/<h1>x</h1>.wav" in as_shown(tip(entry))
