"""The hash by which a text is known again, whatever its spacing, case and punctuation."""

import hashlib
import unicodedata


def text_hash(text: str) -> str:
    """Hash the letters and digits of a text.

    Parameters
    ----------
    text : str
        A narrative.

    Returns
    -------
    str
        SHA-256 in hexadecimal of the letters and digits, compatibility-normalised and case-folded.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return hashlib.sha256("".join(filter(str.isalnum, folded)).encode()).hexdigest()
