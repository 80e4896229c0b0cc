"""The hash that names the content of a corpus, whatever the order of its lines, keys and codes."""

import hashlib
import json
from collections.abc import Iterable

from coding_service.corpus.narrative import CodedNarrative


def corpus_fingerprint(narratives: Iterable[CodedNarrative]) -> str:
    """Hash everything that the narratives say.

    Parameters
    ----------
    narratives : iterable of CodedNarrative
        The corpus.

    Returns
    -------
    str
        SHA-256 as 64 hexadecimal digits.
    """
    digests = sorted(hashlib.sha256(_canonical(narrative)).digest() for narrative in narratives)
    return hashlib.sha256(b"".join(digests)).hexdigest()


def _canonical(narrative: CodedNarrative) -> bytes:
    content = {
        "id": narrative.id,
        "text": narrative.text,
        "codes": sorted(set(narrative.codes)),
        "unknown": sorted(set(narrative.unknown)),
        "evidence": {code: sorted(set(spans)) for code, spans in narrative.evidence.items()},
        "group": narrative.group,
        "complete": narrative.complete,
        "split": narrative.split,
        "meta": narrative.meta,
        "weight": float(narrative.weight),
        "extra": narrative.extra,
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
