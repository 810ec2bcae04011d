"""Tool tips of texts from elsewhere, such as names of files: Qt would take markup in them for its own."""

import html

from PyQt6.QtCore import Qt


def plain_tip(text: str) -> str:
    """What a tool tip must be given so that it shows just this text."""
    if not Qt.mightBeRichText(text):  # type: ignore[attr-defined] # which PyQt's stubs leave out
        return text
    return f"<span>{html.escape(text, quote=False)}</span>".replace("\n", "<br>")
