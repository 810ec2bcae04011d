"""The list of words as the settings keep it, and as it fits the models that were found. No Qt."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kws_app.engine.names import first_of, keyword_of
from kws_app.settings import Settings
from kws_app.translation import _
from kws_app.ui.words.known_models import KnownModels
from kws_app.ui.words.word import Word


@dataclass(frozen=True)
class WordList:
    """The words in their order, and what else is chosen among them."""

    words: dict[str, Word] = field(default_factory=dict)  # by keyword
    selected: str = ""  # keyword of the word whose details are shown
    compared: list[str] = field(default_factory=list)  # models that listen beside a word's own model


def saved_list(settings: Settings, asked: str | None) -> WordList:
    """The list before any card is read. The name of a model's folder stands for its keyword.

    asked: the model that the command line names; its word uses it in this run
    """
    models = dict(settings.words)
    for name in (*([asked] if asked else []), settings.model, *settings.also):
        models.setdefault(keyword_of(name), name)
    if asked:
        models[keyword_of(asked)] = asked
    on = {asked or settings.model, *settings.also}
    words = {keyword: Word(keyword, name, name in on, slot) for slot, (keyword, name) in enumerate(models.items())}
    compared = [name for name in settings.also if name not in models.values()]
    return WordList(words, keyword_of(asked or settings.model), compared)


def fitted_list(saved: WordList, known: KnownModels, confirm_with: Mapping[str, str]) -> tuple[WordList, list[str]]:
    """The saved list with the keywords of the cards and without missing models. At least one word is on.

    known: at least one model
    returns: the list, and a sentence for each missing model
    """
    notices: list[str] = []
    words: dict[str, Word] = {}
    selected = saved.selected
    for word in saved.words.values():
        name, notice = _usable_model(word, known, confirm_with)
        if notice and word.on:
            notices.append(notice)
        if not name:
            continue
        keyword = known.cards[name].keyword
        if word.keyword == saved.selected:
            selected = keyword
        words.setdefault(keyword, replace(word, keyword=keyword, model=name))
    if not words:
        name = known.paired(next(iter(known.singles)), confirm_with)
        keyword = known.cards[name].keyword
        words[keyword] = Word(keyword, name, True, 0)
        notices.append(_("{name} listens instead.", name=name))
    if not any(word.on for word in words.values()):
        first = next(iter(words.values()))
        words[first.keyword] = replace(first, on=True)
    compared = _usable_compared(saved, words, known, confirm_with)
    return WordList(words, selected if selected in words else next(iter(words)), compared), notices


def _usable_model(word: Word, known: KnownModels, confirm_with: Mapping[str, str]) -> tuple[str, str]:
    """The model for a word, or empty, and a sentence if the word's own model is missing."""
    name = known.paired(first_of(word.model), confirm_with)
    if name in known.cards:
        return name, ""
    other = known.replacement(word.model, word.keyword)
    if not other:
        return "", _("The model {name} cannot be used.", name=word.model)
    notice = _("The model {name} cannot be used: {first} listens instead.", name=word.model, first=other)
    return known.paired(other, confirm_with), notice


def _usable_compared(
    saved: WordList, words: Mapping[str, Word], known: KnownModels, confirm_with: Mapping[str, str]
) -> list[str]:
    """The compared models that are still there, and whose word is on."""
    own = {word.model for word in words.values()}
    on = {word.keyword for word in words.values() if word.on}
    names = (known.paired(name, confirm_with) for name in saved.compared)
    return [name for name in names if name in known.cards and name not in own and known.keyword_of(name) in on]
