"""A line is split into arguments as in a shell, and arguments are joined to the same line."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_app.actions.command_line import arguments_of, line_of


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("xterm -e top", ("xterm", "-e", "top")),
        ("notify-send \"Heard {keyword}\" 'at {time}'", ("notify-send", "Heard {keyword}", "at {time}")),
        ("  a   b  ", ("a", "b")),
        ("a\nb\tc", ("a", "b", "c")),
        ('a ""', ("a", "")),
        ("echo $HOME `id` $(id) ; rm * # x", ("echo", "$HOME", "`id`", "$(id)", ";", "rm", "*", "#", "x")),
        ("", ()),
        ("   ", ()),
    ],
)
def test_a_line_is_read_as_words(line: str, arguments: tuple[str, ...]):
    assert arguments_of(line) == arguments


@pytest.mark.parametrize("line", ['say "hello', "say 'hello"])
def test_a_quotation_mark_that_is_not_closed_is_said(line: str):
    with pytest.raises(ValueError, match="quotation mark"):
        arguments_of(line)


@pytest.mark.skipif(sys.platform == "win32", reason="there a backslash is a part of each path")
def test_a_backslash_keeps_what_follows():
    assert arguments_of("a\\ b c\\\\d") == ("a b", "c\\d")
    with pytest.raises(ValueError, match="backslash"):
        arguments_of("a\\")


def test_a_backslash_is_a_part_of_a_path_on_windows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert arguments_of('"C:\\Program Files\\x.exe" /a') == ("C:\\Program Files\\x.exe", "/a")


def test_a_line_has_no_more_quotation_marks_than_it_needs():
    assert line_of(["xterm", "-e", "top", "{keyword}", "~/x", "a b", ""]) == "xterm -e top {keyword} ~/x 'a b' ''"


@given(st.lists(st.text(st.characters(exclude_characters="\0")), max_size=6))
def test_what_is_written_is_read_back(arguments: list[str]):
    assert arguments_of(line_of(arguments)) == tuple(arguments)
