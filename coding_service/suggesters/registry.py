"""The one visible table of suggesters; an entry is imported when it is used."""

from importlib import import_module
from typing import cast

from coding_service.errors import InputError
from coding_service.suggesters.protocol import Suggester

SUGGESTERS = {
    "dummy": "coding_service.suggesters.dummy:DummySuggester",
    "lexical": "coding_service.suggesters.lexical:LexicalSuggester",
    "sentence": "coding_service.suggesters.sentence:SentenceSuggester",
    "tuned": "coding_service.suggesters.tuned:TunedSuggester",
}


def suggester_class(name: str) -> type[Suggester]:
    """Give the class of a suggester.

    Raises
    ------
    InputError
        If no suggester has this name; the message lists those that exist.
    """
    if name not in SUGGESTERS:
        raise InputError(f"There is no suggester {name!r}.", hint=f"Known are: {', '.join(sorted(SUGGESTERS))}.")
    module, _, attribute = SUGGESTERS[name].partition(":")
    return cast("type[Suggester]", getattr(import_module(module), attribute))
