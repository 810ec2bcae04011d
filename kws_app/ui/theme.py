"""The colours of the light and the dark theme, and the style sheet made from them. On the window's thread."""

from dataclasses import dataclass

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QApplication

from kws_app.paths import ASSETS_DIR

PALETTE_ROLES = {
    QPalette.ColorRole.Window: "window",
    QPalette.ColorRole.WindowText: "text",
    QPalette.ColorRole.Base: "panel",
    QPalette.ColorRole.AlternateBase: "window",
    QPalette.ColorRole.Text: "text",
    QPalette.ColorRole.Button: "control",
    QPalette.ColorRole.ButtonText: "text",
    QPalette.ColorRole.ToolTipBase: "control",
    QPalette.ColorRole.ToolTipText: "text",
    QPalette.ColorRole.PlaceholderText: "muted",
    QPalette.ColorRole.Highlight: "accent",
    QPalette.ColorRole.HighlightedText: "on_accent",
}


@dataclass(frozen=True)
class Theme:
    """Colours as #rrggbb. The contrast of text and its background is at least 4.5 to 1."""

    window: str
    panel: str  # background of plots and lists
    control: str
    border: str
    text: str
    muted: str  # less important text, and axes
    accent: str  # parts that can be pressed or dragged
    on_accent: str
    waveform: str
    # of the curves; people who do not see red or green can tell them from each other and from threshold and marks
    scores: tuple[str, ...]
    threshold: str
    heard: str  # every detection
    on_heard: str
    warning: str
    on_warning: str
    level: str
    clip: str
    color_map: str  # of the log-mel plot: the name of a colour map of pyqtgraph with even steps for the eye
    chevron: str  # file in assets/ with the arrow of a list, which a style sheet cannot draw
    check: str  # file in assets/ with the tick of a switch, which a style sheet cannot draw

    def score_color(self, number: int) -> str:
        """The colour of a slot: 0 is the first colour. After the last colour the first colour comes again."""
        return self.scores[number % len(self.scores)]


LIGHT = Theme(
    window="#f4f5f7",
    panel="#ffffff",
    control="#ffffff",
    border="#d5d9df",
    text="#1b2027",
    muted="#5d6673",
    accent="#1f5fd0",
    on_accent="#ffffff",
    waveform="#3a6ea8",
    scores=("#1f5fd0", "#c2410c", "#4e92ad", "#7b2077", "#483902"),
    threshold="#1b2027",
    heard="#0f7b43",
    on_heard="#ffffff",
    warning="#fdf0d5",
    on_warning="#6b3d00",
    level="#2a9d5c",
    clip="#d12c2c",
    color_map="CET-L17",
    chevron="chevron-light.svg",
    check="check-light.svg",
)
DARK = Theme(
    window="#15181d",
    panel="#1c2027",
    control="#262b34",
    border="#363d48",
    text="#e8ebef",
    muted="#98a2b0",
    accent="#5b9bff",
    on_accent="#0b1526",
    waveform="#7fb2e8",
    scores=("#6aa5ff", "#e0701f", "#2f8496", "#9a50ff", "#e0e04a"),
    threshold="#e8ebef",
    heard="#35c778",
    on_heard="#06210f",
    warning="#3c2f12",
    on_warning="#f6cf86",
    level="#35c778",
    clip="#ff5c5c",
    color_map="inferno",
    chevron="chevron-dark.svg",
    check="check-dark.svg",
)


def system_theme(app: QApplication) -> Theme:
    """The theme that the system asks for. If it asks for none: dark if the system's own windows are dark."""
    hints = app.styleHints()
    scheme = hints.colorScheme() if hints is not None else Qt.ColorScheme.Unknown
    if scheme == Qt.ColorScheme.Unknown:
        style = app.style()
        ground = app.palette() if style is None else style.standardPalette()
        return DARK if ground.color(QPalette.ColorRole.Window).lightness() < 128 else LIGHT
    return DARK if scheme == Qt.ColorScheme.Dark else LIGHT


def chosen_theme(app: QApplication, choice: str) -> Theme:
    """choice: "light", "dark", or "system" for the theme of the system"""
    return {"light": LIGHT, "dark": DARK}.get(choice) or system_theme(app)


def palette(theme: Theme) -> QPalette:
    colors = QPalette()
    for role, name in PALETTE_ROLES.items():
        colors.setColor(role, QColor(getattr(theme, name)))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        colors.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.muted))
    return colors


def style_sheet(theme: Theme) -> str:
    """The style sheet of a theme for all windows."""
    chevron = (ASSETS_DIR / theme.chevron).as_posix()
    check = (ASSETS_DIR / theme.check).as_posix()
    return f"""
    QMainWindow, QWidget#windowLayout {{ background: {theme.window}; }}
    QComboBox, QPushButton, QToolButton {{
        background: {theme.control}; color: {theme.text};
        border: 1px solid {theme.border}; border-radius: 6px; padding: 4px 10px; min-height: 22px;
    }}
    QToolButton {{ padding: 4px 6px; min-width: 20px; }}
    QComboBox::drop-down {{ border: none; width: 24px; }}
    QComboBox::down-arrow {{ image: url("{chevron}"); width: 12px; height: 12px; }}
    QComboBox QAbstractItemView {{
        background: {theme.control}; color: {theme.text}; border: 1px solid {theme.border};
        selection-background-color: {theme.accent}; selection-color: {theme.on_accent};
    }}
    QComboBox:hover, QPushButton:hover, QToolButton:hover {{ border-color: {theme.muted}; }}
    QComboBox:focus, QPushButton:focus, QToolButton:focus {{ border: 1px solid {theme.accent}; }}
    QPushButton#start {{
        background: {theme.accent}; color: {theme.on_accent}; border-color: {theme.accent};
        font-weight: 600; padding: 5px 16px;
    }}
    QPushButton#start:focus {{ border: 2px solid {theme.text}; padding: 4px 15px; }}
    QPushButton#start:checked {{
        background: {theme.control}; color: {theme.text}; border-color: {theme.border};
    }}
    QPushButton#start:checked:focus {{ border: 2px solid {theme.accent}; }}
    QPushButton[small="true"], QToolButton[small="true"] {{ padding: 2px 9px; min-height: 20px; }}
    QToolButton::menu-indicator {{ image: none; }}
    QPushButton[small="true"]:checked {{ background: {theme.accent}; color: {theme.on_accent}; }}
    QPushButton:disabled, QPushButton#start:disabled {{
        background: {theme.window}; color: {theme.muted}; border-color: {theme.border};
    }}
    QWidget#slim QComboBox, QWidget#slim QToolButton {{ padding: 1px 8px; min-height: 18px; }}
    QSlider::groove:horizontal {{ height: 4px; background: {theme.border}; border-radius: 2px; }}
    QSlider::sub-page:horizontal {{ background: {theme.threshold}; border-radius: 2px; }}
    QSlider::handle:horizontal {{
        background: {theme.threshold}; width: 14px; height: 14px; margin: -5px 0; border-radius: 7px;
    }}
    QSlider::handle:horizontal:focus {{ border: 2px solid {theme.text}; }}
    QTableWidget {{
        background: {theme.panel}; color: {theme.text}; border: 1px solid {theme.border}; padding: 4px;
        border-radius: 8px; gridline-color: transparent; outline: none;
    }}
    QScrollArea {{ background: {theme.window}; border: none; }}
    QScrollArea > QWidget > QWidget {{ background: {theme.window}; }}
    QScrollBar:horizontal {{ background: transparent; height: 8px; margin: 0; }}
    QScrollBar::handle:horizontal {{ background: {theme.border}; border-radius: 4px; min-width: 24px; }}
    QScrollBar::handle:horizontal:hover {{ background: {theme.muted}; }}
    QScrollBar::add-line:horizontal, QScrollBar::sub-line:horizontal {{ width: 0; }}
    QMenu {{ background: {theme.control}; color: {theme.text}; border: 1px solid {theme.border}; padding: 4px; }}
    QMenu::item {{ padding: 5px 22px 5px 26px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {theme.accent}; color: {theme.on_accent}; }}
    QMenu::item:disabled {{ color: {theme.muted}; background: transparent; }}
    QMenu::separator {{ height: 1px; background: {theme.border}; margin: 4px 8px; }}
    QScrollBar:vertical {{ background: transparent; width: 8px; margin: 0; }}
    QScrollBar::handle:vertical {{ background: {theme.border}; border-radius: 4px; min-height: 24px; }}
    QScrollBar::handle:vertical:hover {{ background: {theme.muted}; }}
    QScrollBar::add-line:vertical, QScrollBar::sub-line:vertical {{ height: 0; }}
    QHeaderView, QHeaderView::section {{
        background: {theme.panel}; color: {theme.muted}; border: none; padding: 4px 2px; font-weight: 600;
    }}
    QFrame#plots {{ background: {theme.panel}; border: 1px solid {theme.border}; border-radius: 8px; }}
    QFrame#firstRun {{ background: {theme.panel}; border: 2px solid {theme.accent}; border-radius: 8px; }}
    QLabel#stepTitle, QLabel#sectionTitle, QCheckBox#wordSwitch {{ font-weight: 600; }}
    QFrame#word {{ background: {theme.panel}; border: 1px solid {theme.border}; border-radius: 8px; }}
    QFrame#word[selected="true"] {{ border: 1px solid {theme.accent}; }}
    QLabel#outcome[outcome="worked"] {{ color: {theme.heard}; font-weight: 600; }}
    QLabel#outcome[outcome="failed"] {{ color: {theme.on_warning}; background: {theme.warning}; border-radius: 4px;
        padding: 2px 6px; }}
    QPushButton#quiet {{ background: transparent; border: none; color: {theme.muted}; padding: 0 8px; }}
    QPushButton#quiet:checked {{ color: {theme.text}; }}
    QPushButton#quiet:focus {{ border: 1px solid {theme.accent}; border-radius: 4px; }}
    QPushButton::menu-indicator {{ image: url("{chevron}"); width: 10px; height: 10px;
        subcontrol-position: right center; subcontrol-origin: padding; right: 7px; }}
    QPushButton[drops="true"] {{ padding-right: 24px; }}
    QLabel#pageTitle {{ font-weight: 600; font-size: 15pt; }}
    QLabel#prompt {{ font-weight: 600; }}
    QLabel#trouble {{ color: {theme.on_warning}; background: {theme.warning}; border-radius: 6px; padding: 6px 10px; }}
    QPushButton#forward {{ background: {theme.accent}; color: {theme.on_accent}; border-color: {theme.accent}; }}
    QPushButton#forward:disabled {{ background: {theme.window}; color: {theme.muted}; border-color: {theme.border}; }}
    QPushButton#forward:focus {{ border: 2px solid {theme.text}; }}
    QListWidget {{
        background: {theme.panel}; color: {theme.text}; border: 1px solid {theme.border}; border-radius: 8px;
        padding: 4px; outline: none;
    }}
    QListWidget::item {{ padding: 5px 6px; border-radius: 4px; }}
    QListWidget::item:selected {{ background: {theme.accent}; color: {theme.on_accent}; }}
    QProgressBar {{ background: {theme.border}; border: none; border-radius: 4px; min-height: 8px; max-height: 8px; }}
    QProgressBar::chunk {{ background: {theme.accent}; border-radius: 4px; }}
    QLabel {{ color: {theme.text}; background: transparent; }}
    QLabel[muted="true"] {{ color: {theme.muted}; }}
    QFrame#part {{ background: {theme.panel}; border: 1px solid {theme.border}; border-radius: 8px; }}
    QLineEdit, QPlainTextEdit, QAbstractSpinBox {{
        background: {theme.window}; color: {theme.text};
        border: 1px solid {theme.border}; border-radius: 6px; padding: 3px 6px;
    }}
    QLineEdit, QAbstractSpinBox {{ min-height: 22px; }}
    QLineEdit:focus, QPlainTextEdit:focus, QAbstractSpinBox:focus {{ border: 1px solid {theme.accent}; }}
    QCheckBox {{ color: {theme.text}; spacing: 8px; }}
    QCheckBox:disabled {{ color: {theme.muted}; }}
    QCheckBox::indicator {{
        width: 16px; height: 16px; border: 1px solid {theme.muted}; border-radius: 4px; background: {theme.control};
    }}
    QCheckBox::indicator:checked {{
        background: {theme.accent}; border-color: {theme.accent}; image: url("{check}");
    }}
    QCheckBox::indicator:disabled {{ background: {theme.window}; border-color: {theme.border}; }}
    QCheckBox::indicator:checked:disabled {{ background: {theme.muted}; border-color: {theme.muted};
        image: url("{check}"); }}
    QCheckBox#wordSwitch:disabled {{ color: {theme.text}; }}
    QCheckBox::indicator:focus {{ border: 2px solid {theme.accent}; }}
    QRadioButton {{ color: {theme.text}; spacing: 6px; }}
    QRadioButton::indicator {{
        width: 14px; height: 14px; border: 1px solid {theme.muted}; border-radius: 8px; background: {theme.control};
    }}
    QRadioButton::indicator:checked {{ border: 5px solid {theme.accent}; width: 6px; height: 6px; }}
    QRadioButton::indicator:focus {{ border-color: {theme.accent}; }}
    QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
    QStatusBar {{ background: {theme.window}; color: {theme.muted}; }}
    QStatusBar::item {{ border: none; }}
    QStatusBar QLabel {{ color: {theme.muted}; padding: 0 8px; }}
    QToolTip {{ background: {theme.control}; color: {theme.text}; border: 1px solid {theme.border}; }}
    """


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Set the palette and style sheet of the whole program. Windows then get a PaletteChange and paint again."""
    sheet = style_sheet(theme)
    if app.styleSheet() == sheet:
        return  # to set it again would style each widget again, for nothing
    app.setStyle("Fusion")  # the only style that uses a palette in the same way on every system
    app.setPalette(palette(theme))
    app.setStyleSheet(sheet)
