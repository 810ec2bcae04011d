"""The saved list of words, fitted to the models that are there."""

from kws_app.engine.catalogue import find_models
from kws_app.paths import MODELS_DIR
from kws_app.settings import Settings
from kws_app.ui.words.known_models import KnownModels
from kws_app.ui.words.word import Word, free_slot
from kws_app.ui.words.word_list import WordList, fitted_list, saved_list

KNOWN = KnownModels(find_models(MODELS_DIR))


def test_a_first_list_has_the_model_of_the_settings_and_the_models_beside_it():
    saved = saved_list(Settings("happy/tiny", also=["computer/teacher", "happy/micro"]), None)
    assert list(saved.words.values()) == [
        Word("happy", "happy/tiny", True, 0),
        Word("computer", "computer/teacher", True, 1),
    ]
    assert (saved.selected, saved.compared) == ("happy", ["happy/micro"])


def test_the_model_that_the_command_line_names_takes_the_place_of_its_words_model():
    saved = saved_list(Settings("happy/tiny", words={"happy": "happy/tiny"}), "happy/teacher")
    assert saved.words == {"happy": Word("happy", "happy/teacher", True, 0)}


def test_a_missing_model_is_replaced_by_a_model_of_the_same_word():
    saved = WordList({"happy": Word("happy", "happy/gone", True, 0)}, "happy", ["happy/lost", "happy/tiny"])
    fitted, (notice,) = fitted_list(saved, KNOWN, {})
    word = fitted.words["happy"]
    assert KNOWN.cards[word.model].keyword == "happy" and notice.startswith("The model happy/gone cannot be used: ")
    assert fitted.compared == ["happy/tiny"]


def test_a_word_without_any_model_leaves_and_another_word_is_on():
    words = {"gone": Word("gone", "gone/teacher", True, 0), "happy": Word("happy", "happy/teacher", False, 1)}
    fitted, notices = fitted_list(WordList(words, "gone"), KNOWN, {"happy/teacher": "happy/expert"})
    assert fitted.words == {"happy": Word("happy", "happy/teacher+expert", True, 1)}
    assert fitted.selected == "happy" and notices == ["The model gone/teacher cannot be used."]


def test_a_list_without_any_usable_word_gets_a_word():
    fitted, notices = fitted_list(WordList({"gone": Word("gone", "gone/teacher", True, 0)}, "gone"), KNOWN, {})
    (word,) = fitted.words.values()
    assert word.on and word.model in KNOWN.singles and notices[-1] == f"{word.model} listens instead."


def test_the_first_free_colour_fills_a_gap():
    assert [free_slot(taken) for taken in ((), (0, 1), (0, 2), (1,))] == [0, 2, 1, 0]
