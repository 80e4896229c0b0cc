"""Suggests codes for texts: checks them, scores them in one batch, and renders the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coding_service.errors import InputError, TooLargeError
from coding_service.services.shelf import Jurisdiction, Shelf
from coding_service.suggestions import Limits, render


@dataclass(frozen=True)
class Text:
    """A text to suggest codes for, with the name it is answered under."""

    id: str
    text: str


@dataclass(frozen=True)
class Sizes:
    """What is accepted.

    Parameters
    ----------
    max_text_bytes : int
        Largest text in UTF-8 bytes.
    max_narratives : int
        Most texts at once; 0 accepts any number.
    """

    max_text_bytes: int = 200_000
    max_narratives: int = 0


def suggest(
    shelf: Shelf,
    texts: Sequence[Text],
    *,
    sizes: Sizes,
    limits: Limits,
    bundle: str | None = None,
    jurisdiction: Jurisdiction = None,
) -> list[dict[str, Any]]:
    """Suggest codes for texts.

    Parameters
    ----------
    shelf : Shelf
        Where bundles are found.
    texts : sequence of Text
        One or more.
    sizes : Sizes
        What is accepted.
    limits : Limits
        Which suggestions are listed.
    bundle : str or None
        Name of the bundle that answers; None takes the current one of the jurisdiction.
    jurisdiction : str or None
        Id of the one that asks; None for those who may see all.

    Returns
    -------
    list of dict
        One JSON-ready object per text, in order.

    Raises
    ------
    InputError
        If there is no text, too many, or an empty one.
    TooLargeError
        If a text is over its size.
    NotFoundError, BundleError
        If the bundle does not exist or does not load.
    """
    check_texts(texts, sizes)
    answering = shelf.get(bundle, jurisdiction=jurisdiction)
    plain = [text.text for text in texts]
    return render([text.id for text in texts], plain, answering.suggest(plain), answering.envelope, limits)


def check_texts(texts: Sequence[Text], sizes: Sizes) -> None:
    """Refuse texts that cannot be read as asked; see `suggest`."""
    if not texts:
        raise InputError("There is no narrative to read.", hint="Send at least one.")
    if sizes.max_narratives and len(texts) > sizes.max_narratives:
        raise InputError(
            f"{len(texts)} narratives were sent, at most {sizes.max_narratives} are read at once.",
            hint="Send them in several requests.",
        )
    for text in texts:
        if not text.text.strip():
            raise InputError(f"Narrative {text.id!r} is empty.", hint="Send its text, or leave it out.")
        size = len(text.text.encode("utf-8", "surrogatepass"))
        if size > sizes.max_text_bytes:
            raise TooLargeError(
                f"Narrative {text.id!r} has {size} bytes, at most {sizes.max_text_bytes} are read.",
                hint="Cut it into narratives of one Improvement Opportunity each.",
            )
