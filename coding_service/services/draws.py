"""Draws that nobody can foretell without their key, and that come out the same in every store."""

import hashlib
import hmac


def fraction(key: str, *parts: str) -> float:
    """Give a number in [0, 1) by a keyed hash.

    Parameters
    ----------
    key : str
        Secret of the hash.
    *parts : str
        What is drawn for, and the names of the thing.
    """
    message = "\0".join(parts).encode("utf-8", "surrogatepass")
    digest = hmac.digest(key.encode(), message, hashlib.sha256)
    return int.from_bytes(digest[:6]) / 2**48
