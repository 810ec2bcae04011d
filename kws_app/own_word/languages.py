"""The languages of the user's own words: languages of espeak-ng that many people speak."""

LANGUAGES = (
    "en", "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu", "id",
    "is", "it", "ja", "ko", "lt", "lv", "ms", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "sw", "ta",
    "th", "tr", "uk", "ur", "vi",
)  # fmt: skip
USUAL = "en"


def language_of(locale: str) -> str:
    """The language of a system, such as "de" of "de_AT"; English where it is none of ours."""
    code = locale.replace("-", "_").split("_")[0]
    return code if code in LANGUAGES else USUAL
