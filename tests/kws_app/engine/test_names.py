"""Names of models: one strict pattern, split in one place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_app.engine.names import ModelName, first_of, is_name, models_of, pair_of, second_of


@pytest.mark.parametrize("word", ["happy", "hey computer", "küche", "ok-go_2", "привет", "l'eau", "x" * 41])
def test_words_of_any_script_are_names(word: str) -> None:
    assert is_name(word)


@pytest.mark.parametrize(
    "word",
    ["", "..", ".x", "a/b", "a\\b", "a:b", "a+b", "a\nb", "a\x00", "\ud800", "a\u202eb", "x" * 42, " a", "a ", "nul",
     "COM1", "a\u0301", 3, None, "a\u00a0b"],
)  # fmt: skip
def test_what_leads_elsewhere_or_cannot_be_shown_is_no_name(word: object) -> None:
    assert not is_name(word)


@pytest.mark.parametrize("text", ["happy/teacher", "happy/student+teacher", "hey computer/small one"])
def test_a_name_is_written_as_it_is_read(text: str) -> None:
    assert str(ModelName.parse(text)) == text


def test_the_parts_of_a_pair() -> None:
    pair = ModelName("happy", "student", "teacher")
    assert (str(pair), str(pair.first), str(pair.second)) == ("happy/student+teacher", "happy/student", "happy/teacher")
    assert pair.roles == "student+teacher"
    assert ModelName("happy", "student").second is None


def test_a_pair_is_named_by_its_two_models() -> None:
    assert pair_of("happy/student", "happy/teacher") == "happy/student+teacher"
    assert models_of("happy/student+teacher") == ["happy/student", "happy/teacher"]
    assert (first_of("happy/student+teacher"), second_of("happy/student+teacher")) == ("happy/student", "happy/teacher")


def test_a_single_model_has_no_second() -> None:
    assert pair_of("happy/student", "") == first_of("happy/student") == "happy/student"
    assert models_of("happy/student") == ["happy/student"] and second_of("happy/student") == ""


@given(st.text(max_size=60))
def test_any_text_is_a_name_or_a_value_error(text: str) -> None:
    try:
        name = ModelName.parse(text)
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        assert str(name) == text
