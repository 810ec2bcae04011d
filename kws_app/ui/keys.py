"""Every key and what it does, for --help and for the dialog "Shortcuts". A test compares it with the window. No Qt."""

from kws_app.translation import N_

Keys = dict[tuple[str, ...], str]

WINDOW_KEYS: Keys = {
    ("Space",): N_("starts and stops listening"),
    ("Return",): N_("presses the button that is selected"),
    ("Ctrl+O",): N_("opens an audio file"),
    ("Ctrl+M",): N_("adds a word"),
    ("Ctrl+L",): N_("opens the list of networks to compare"),
    ("Ctrl+E",): N_("shows the actions of a word"),
    ("F5",): N_("looks for microphones"),
    ("Ctrl+Up", "Ctrl+Down"): N_("move the threshold of the selected word"),
    ("Ctrl+R",): N_("sets the selected word back to “Balanced”"),
    ("P",): N_("stops and starts the moving picture"),
    ("Ctrl++", "Ctrl+-"): N_("show more and less time"),
    ("F8",): N_("keeps a word that was missed"),
    ("Ctrl+Z",): N_("undoes a label, a deletion or a missed word"),
    ("F1",): N_("shows all shortcuts"),
    ("F10",): N_("opens the menu"),
    ("Ctrl+Q",): N_("quits"),
}
PLOT_KEYS: Keys = {
    ("Left", "Right"): N_("move the picture by half its width"),
    ("Page Up", "Page Down"): N_("move the picture by its whole width"),
    ("Up", "Down"): N_("show less and more time"),
    ("End", "Escape"): N_("go back to now"),
}
TABLE_KEYS: Keys = {
    ("R",): N_("labels a row as right"),
    ("F",): N_("labels a row as a false alarm"),
    ("Return",): N_("plays the clip"),
    ("Delete",): N_("deletes the selected rows"),
}
FIRST_STEPS_KEYS: Keys = {("Alt+N",): N_("goes on to the next step"), ("Alt+S",): N_("skips the first steps")}


PLACES: dict[str, Keys] = {
    N_("In the window"): WINDOW_KEYS,
    N_("In the plots"): PLOT_KEYS,
    N_("In the list of what was heard"): TABLE_KEYS,
    N_("In the first steps"): FIRST_STEPS_KEYS,
}


def help_text() -> str:
    """All keys, as the text of --help."""
    sentences = []
    for place, keys in PLACES.items():
        said = ", ".join(f"{' and '.join(names)} {what}" for names, what in keys.items())
        sentences.append(f"{place}: {said}.")
    return " ".join(sentences)
