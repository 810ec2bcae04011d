"""The chosen language, the template for translators, and that every text goes through a catalogue."""

import ast
import os
import re
import shutil
import string
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from PyQt6.QtCore import QTranslator
from PyQt6.QtWidgets import QApplication, QDialogButtonBox

from kws_app import translation
from kws_app.translation import DOMAIN, FOLDER, FOLDER_VARIABLE, VARIABLES, _, language, ngettext, prefer
from kws_app.ui.application import Application
from tests.support.paths import REPOSITORY
from tests.support.waiting import PATIENCE_S

KEYWORDS = {"_": 1, "N_": 1, "ngettext": 2}  # and how many of the arguments are messages
MARKED_ELSEWHERE = {"about"}  # shows what keys.py marks with N_
SPOKEN = (
    "AudioError",
    "ModelError",
    "ActionError",
    "Trouble",
    "Done",
    "SourceState",
)  # the last argument is a sentence
DEVELOPERS = ("wyoming",)  # whose users read logs and protocols
BROKEN = "The catalogue %s cannot be read: the program uses English."

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """install(language, message=translation, ...) puts a catalogue where the program finds it"""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    translation._catalogue.cache_clear()

    def write(locale: str, messages: dict[str | tuple[str, str], str | tuple[str, ...]]) -> None:
        catalog = Catalog(locale=locale)
        for message, translated in messages.items():
            catalog.add(message, translated)
        path = tmp_path / locale / "LC_MESSAGES" / f"{DOMAIN}.mo"
        path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            write_mo(file, catalog)

    yield write
    monkeypatch.undo()
    translation._catalogue.cache_clear()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ""),
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "fr_FR.UTF-8"}, ""),
        ({"LANG": "C.UTF-8"}, ""),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, ""),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "pt_BR.UTF-8"}, "pt_BR"),
        ({"LANG": "en_GB.UTF-8", "LANGUAGE": "fr:de:en"}, "de"),
        ({"LANGUAGE": "en_US:de"}, ""),  # there is no catalogue for English, and none is needed
        ({"LANGUAGE": "", "LANG": "pt_PT.UTF-8"}, ""),
    ],
)
def test_the_language_is_the_first_that_the_user_asks_for(
    install: Install, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str
):
    for locale in ("de", "pt_BR"):
        install(locale, {"Quit": f"Quit in {locale}"})
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language() == expected
    assert _("Quit") == (f"Quit in {expected}" if expected else "Quit")
    assert _("Not in the catalogue") == "Not in the catalogue"


@pytest.mark.parametrize(("environment", "expected"), [({}, "de"), ({"LANG": "C.UTF-8"}, "")])
def test_the_system_is_asked_where_the_environment_says_nothing(
    install: Install, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str
):
    install("de", {"Quit": "Beenden"})
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert _("Quit") == "Quit"
    monkeypatch.setenv("LANGUAGE", "")  # put back afterwards
    prefer(["de-AT", "en-US"])
    assert language() == expected
    assert os.environ["LANGUAGE"] == ("de_AT:en_US" if expected else "")


def test_names_are_filled_in_and_numbers_choose_the_form(install: Install, monkeypatch: pytest.MonkeyPatch):
    plurals = ("{folder}: {count} jeden", "{folder}: {count} kilka", "{folder}: {count} wiele")
    install("pl", {("{count} clip in {folder}", "{count} clips in {folder}"): plurals, "{a} of {b}": "{b}, {a}"})
    assert ngettext("{count} clip in {folder}", "{count} clips in {folder}", 1, folder="x") == "1 clip in x"
    assert ngettext("{count} clip in {folder}", "{count} clips in {folder}", 3, folder="x") == "3 clips in x"
    monkeypatch.setenv("LANGUAGE", "pl")
    translation._catalogue.cache_clear()
    said = [ngettext("{count} clip in {folder}", "{count} clips in {folder}", n, folder="{x}") for n in (1, 3, 5)]
    assert said == ["{x}: 1 jeden", "{x}: 3 kilka", "{x}: 5 wiele"]
    assert _("{a} of {b}", a=1, b=2) == "2, 1"


@pytest.mark.parametrize("slip", ["{nane} fehlt", "{name", "{}", "{name.x}"])
def test_a_slip_of_the_translator_stops_nothing(install: Install, monkeypatch: pytest.MonkeyPatch, slip: str):
    install("de", {"{name} is missing": slip})
    monkeypatch.setenv("LANGUAGE", "de")
    assert _("{name} is missing", name="x") == "x is missing"


def test_a_damaged_catalogue_stops_nothing(
    install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    install("de", {"Quit": "Beenden"})
    (tmp_path / "de" / "LC_MESSAGES" / f"{DOMAIN}.mo").write_bytes(b"\xde\x12\x04\x95 and nothing more")
    monkeypatch.setenv("LANGUAGE", "de")
    assert _("Quit") == "Quit" and language() == ""
    assert [record.msg for record in caplog.records] == [BROKEN]


def test_nothing_is_said_before_the_language_is_settled():
    """What kws-app imports before it can ask the system for its language holds no sentence yet."""
    code = "import kws_app.__main__, kws_app.translation as t; assert t._catalogue.cache_info().misses == 0"
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True, timeout=PATIENCE_S)


@pytest.mark.parametrize(("locale", "expected"), [("de", "Abbrechen"), ("pt_BR", "Cancelar"), ("", "Cancel")])
def test_qt_speaks_the_same_language(qapp: QApplication, locale: str, expected: str):
    Application.speak(qapp, locale)  # type: ignore[arg-type]  # there is one application in a process
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    said = box.buttons()[0].text().replace("&", "")
    for translator in qapp.findChildren(QTranslator):
        qapp.removeTranslator(translator)
    assert said == expected


# What translators get


def test_the_template_and_the_translations_are_up_to_date(tmp_path: Path):
    folder = tmp_path / "locale"
    shutil.copytree(FOLDER, folder)
    subprocess.run(
        [sys.executable, "scripts/strings", "--folder", str(folder)], cwd=REPOSITORY, check=True, timeout=PATIENCE_S
    )
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        committed = FOLDER / path.relative_to(folder)
        assert committed.read_bytes() == path.read_bytes(), f"{committed} is not up to date: run scripts/strings"


def test_a_translation_is_begun_and_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    make = [sys.executable, "scripts/strings", "--folder", str(tmp_path), "pt_BR"]
    subprocess.run(make, cwd=REPOSITORY, check=True, timeout=PATIENCE_S)
    path = tmp_path / "pt_BR" / "LC_MESSAGES" / "kws.po"
    begun = path.read_text(encoding="utf-8")
    path.write_text(begun.replace('msgid "Quit"\nmsgstr ""', 'msgid "Quit"\nmsgstr "Sair"'), encoding="utf-8")
    subprocess.run(make[:-1], cwd=REPOSITORY, check=True, timeout=PATIENCE_S)
    assert 'msgstr "Sair"' in path.read_text(encoding="utf-8")
    code = "from kws_app.translation import _; print(_('Quit'))"
    environment = {**os.environ, FOLDER_VARIABLE: str(tmp_path), "LANGUAGE": "pt_BR"}
    said = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert said.stdout == "Sair\n", said.stderr


def fields(text: str) -> set[tuple[str, str, str]]:
    """What is filled in: name, form of a number, conversion."""
    return {(name, spec or "", way or "") for _text, name, spec, way in string.Formatter().parse(text) if name}


def unfitting(catalog: Catalog) -> list[str]:
    """Translations that do not hold what is to be filled in; one form of a number may leave out the number."""
    slips = []
    for entry in catalog:
        pairs = [(entry.id, entry.string)]
        if isinstance(entry.id, tuple):
            pairs = [(entry.id[1], translated) for translated in entry.string]
        for message, translated in pairs:
            missing = fields(message) ^ fields(translated) if message and translated else set()
            if {field for field in missing if not (isinstance(entry.id, tuple) and field[0] == "count")}:
                slips.append(translated)
    return slips


@pytest.mark.parametrize("path", [*FOLDER.glob("*.pot"), *FOLDER.glob("*/LC_MESSAGES/*.po")])
def test_what_is_filled_in_is_in_every_translation(path: Path):
    with path.open("rb") as file:
        catalog = read_po(file, abort_invalid=True)
    assert len(catalog) > 300
    assert not unfitting(catalog)
    for entry in catalog:
        if isinstance(entry.id, tuple):
            assert fields(entry.id[0]) <= fields(entry.id[1]), entry.id


def test_an_unfitting_translation_is_found():
    catalog = Catalog(locale="de")
    catalog.add("{name} is at {score:.2f}", "{name} bei {score:.1f}")
    catalog.add("{a} of {b}", "{b}: {a}")
    catalog.add(("A line of {file}", "{count} lines of {file}"), ("Eine Zeile von {file}", "{count} Zeilen"))
    assert unfitting(catalog) == ["{name} bei {score:.1f}", "{count} Zeilen"]


# That the code speaks through catalogues


def sources() -> list[Path]:
    folder = REPOSITORY / "kws_app"
    return [path for path in sorted(folder.rglob("*.py")) if path.relative_to(folder).parts[0] not in DEVELOPERS]


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Each call in a file, with the name of what is called."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node, getattr(node.func, "id", getattr(node.func, "attr", ""))


def marked(path: Path) -> Iterator[str]:
    """The messages in a file, read otherwise than the extraction does."""
    for call, name in calls(path):
        if name in KEYWORDS and path.stem != "translation":
            for argument in call.args[: KEYWORDS[name]]:
                if isinstance(argument, ast.Name) and path.stem in MARKED_ELSEWHERE:
                    continue
                assert isinstance(argument, ast.Constant), f"{path}:{call.lineno}: only plain text can be translated"
                yield argument.value


def test_the_template_holds_what_is_marked():
    with (FOLDER / f"{DOMAIN}.pot").open("rb") as file:
        entries = [entry.id for entry in read_po(file) if entry.id]
    listed = {message for entry in entries for message in (entry if isinstance(entry, tuple) else (entry,))}
    said = {message for path in sources() for message in marked(path)}
    assert said == listed


def speaks(node: ast.expr) -> bool:
    """Whether it is text in the code itself, with words in it."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return any(isinstance(p, ast.Constant) and isinstance(p.value, str) and re.search("[a-z]", p.value) for p in parts)


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.stem)
def test_errors_and_news_are_translated(path: Path):
    untranslated = [
        f"{path.name}:{call.lineno}"
        for call, name in calls(path)
        if (name in SPOKEN or name == "emit") and any(speaks(argument) for argument in call.args)
    ]
    if path.name not in ("__main__.py", "detect.py", "benchmark.py"):  # on a terminal, as --help is
        assert not untranslated


NOT_SHOWN = [
    r"[\w# ]*[:{].*;.*",  # style sheets
    r"\{keyword\} .*|device scan|model adding|word question",  # placeholders of a command, names of threads
    "smart mirror",  # a text that a column is as wide as
    r"\w+ \(\*[^)]*\);;.*| \(\*.*\)",  # patterns of file names
]


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """What stands in quotation marks outside of messages and docstrings, f-strings with nothing filled in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    passed_over: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) or (isinstance(node, ast.Call) and getattr(node.func, "id", "") in KEYWORDS):
            passed_over |= {node.value} if isinstance(node, ast.Expr) else set(node.args)
        if isinstance(node, ast.JoinedStr):
            passed_over |= set(node.values)
    for node in ast.walk(tree):
        if node in passed_over:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(part.value for part in node.values if isinstance(part, ast.Constant))


@pytest.mark.parametrize("path", sorted((REPOSITORY / "kws_app" / "ui").rglob("*.py")), ids=lambda path: path.stem)
def test_the_window_says_nothing_of_several_words_that_is_not_translated(path: Path):
    said = [(line, text) for line, text in texts(path) if re.search(r"[A-Za-z]{2,} [a-z]{2,}", text)]
    not_shown = re.compile("|".join(NOT_SHOWN), re.DOTALL)
    english = {"theme", "keys", "no_display"}  # colours, and what is printed before there is a window
    assert path.stem in english or not [each for each in said if not not_shown.fullmatch(each[1])]
