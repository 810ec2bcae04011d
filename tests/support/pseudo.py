"""A made-up language: English in brackets, with accents, 30 % longer. A text with a plain letter is not translated.

The catalogue is made from the template. `texts` finds all texts of a widget and of the widgets in it.
"""

import re
import string
from collections.abc import Iterator
from pathlib import Path

import pyqtgraph as pg
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from PyQt6.QtCore import QAbstractItemModel, QMetaType, QObject, QPoint, QRect, Qt
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QDialogButtonBox,
    QFileDialog,
    QGraphicsScene,
    QGraphicsTextItem,
    QGraphicsView,
    QHeaderView,
    QLabel,
    QScrollArea,
    QWidget,
)

from kws_app.translation import DOMAIN, FOLDER

LANGUAGE = "xx"
ACCENTED = str.maketrans(string.ascii_letters, "áƀçðéƒğĥíĵķłɱñóþǫŕšŧúṽŵẋýžÁƁÇÐÉƑĞĤÍĴĶŁⱮÑÓÞǪŔŠŦÚṼŴẊÝŽ")
LONGER = 0.3  # German and other languages are as much longer
FIELD = re.compile(r"(\{[^}]*\})")
NOT_SAID = {
    "objectName",
    "styleSheet",
    "windowRole",
    "windowFilePath",
    "inputMask",
    "html",
}  # properties that the window never shows
HEADER_PADDING = 4  # px, as in the style sheet
ROLES = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)


def pseudo(message: str) -> str:
    accented = "".join(p if FIELD.fullmatch(p) else p.translate(ACCENTED) for p in FIELD.split(message))
    return f"⟦{accented}{'~' * max(0, round(LONGER * len(message)) - 2)}⟧"


def write_catalogue(folder: Path) -> None:
    """Write a translation of every message in the template."""
    with (FOLDER / f"{DOMAIN}.pot").open("rb") as file:
        template = read_po(file)
    catalog = Catalog()
    for entry in template:
        if isinstance(entry.id, tuple):
            catalog.add(entry.id, tuple(map(pseudo, entry.id)))
        elif entry.id:
            catalog.add(entry.id, pseudo(entry.id))
    path = folder / LANGUAGE / "LC_MESSAGES" / f"{DOMAIN}.mo"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_mo(file, catalog)


def texts(root: QObject) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of every widget, hidden or not. Qt translates its own dialogs and buttons."""
    yield from _of_one(root)
    if isinstance(root, QGraphicsView) and root.scene() is not None:
        yield from _of_scene(root.scene())
    if isinstance(root, QFileDialog):
        return
    for child in root.children():
        if not isinstance(child, QGraphicsScene) and not _is_of_qt(child):  # the menu of a scene is never shown
            yield from texts(child)


def _is_of_qt(child: QObject) -> bool:
    """A button such as Close, which Qt itself translates."""
    box = child.parent()
    if not isinstance(child, QAbstractButton) or not isinstance(box, QDialogButtonBox):
        return False
    return box.standardButton(child) != QDialogButtonBox.StandardButton.NoButton


def _of_one(thing: QObject) -> Iterator[tuple[str, str]]:
    meta = thing.metaObject()
    for number in range(meta.propertyCount()):
        known = meta.property(number)
        if known.metaType().id() == QMetaType.Type.QString.value and known.name() not in NOT_SAID:
            yield f"{type(thing).__name__}.{known.name()}", str(known.read(thing) or "")
    if isinstance(thing, QFileDialog):
        yield from (("QFileDialog.nameFilters", each) for each in thing.nameFilters())
    if isinstance(thing, QAbstractItemView) and not isinstance(thing.window(), QFileDialog):
        yield from _of_model(type(thing).__name__, thing.model())


def _of_model(where: str, model: QAbstractItemModel | None) -> Iterator[tuple[str, str]]:
    if model is None:
        return
    for column in range(model.columnCount()):
        for role in ROLES:
            title = model.headerData(column, Qt.Orientation.Horizontal, role)
            yield f"{where} header {column}", title if isinstance(title, str) else ""
            for row in range(model.rowCount()):
                yield f"{where} row {row}, column {column}", str(model.data(model.index(row, column), role) or "")


def _of_scene(scene: QGraphicsScene) -> Iterator[tuple[str, str]]:
    for item in scene.items():
        if isinstance(item, QGraphicsTextItem):
            yield "plot", item.toPlainText()
        if isinstance(item, pg.AxisItem):
            yield from (("axis", label) for level in item._tickLevels or [] for _position, label in level)


def plain(root: QWidget, data: str) -> list[str]:
    """The texts that did not come through the catalogue. data: a pattern for texts from elsewhere, such as names"""
    return sorted({f"{where}: {said}" for where, said in texts(root) if re.search("[A-Za-z]", re.sub(data, "", said))})


def cut(window: QWidget) -> list[str]:
    """The texts that need more room than they have."""
    found = []
    for widget in (*window.findChildren(QLabel), *window.findChildren(QAbstractButton)):
        if not widget.isVisible() or widget.window() is not window or len(widget.text()) < 2:
            continue
        if isinstance(widget, QLabel) and widget.wordWrap():
            fits = widget.heightForWidth(widget.width()) <= widget.height()
        else:
            fits = widget.sizeHint().width() <= widget.width()
        around = _scrolled(widget) or window
        at = QRect(widget.mapTo(around, QPoint(0, 0)), widget.size())
        if not (fits and around.rect().contains(at)):
            found.append(f"{type(widget).__name__}: {widget.text()}, at {at}, wants {widget.sizeHint()}")
    found += [f"header: {title}" for title in _cut_titles(window)]
    for view in window.findChildren(QGraphicsView):
        for axis in (item for item in view.scene().items() if isinstance(item, pg.AxisItem) and item.isVisible()):
            room = axis.size().height() if axis.orientation == "left" else axis.size().width()
            if axis.label.isVisible() and axis.label.boundingRect().width() > room:
                found.append(f"axis: {axis.labelText}")
    return found


def _scrolled(widget: QWidget) -> QWidget | None:
    """The scroll area around the widget, or None."""
    above = widget.parentWidget()
    while above is not None and not isinstance(above, QScrollArea):
        above = above.parentWidget()
    return None if above is None else above.widget()


def _cut_titles(window: QWidget) -> Iterator[str]:
    for header in window.findChildren(QHeaderView):
        if header.isVisible() and header.orientation() is Qt.Orientation.Horizontal:
            for i in range(header.count()):
                title = header.model().headerData(i, header.orientation())
                if header.fontMetrics().horizontalAdvance(title) > header.sectionSize(i) - HEADER_PADDING:
                    yield title
