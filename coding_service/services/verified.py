"""What people verified in a store, ready to train on: never the half of the blind reviews that is kept to measure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from coding_service.corpus import CodedNarrative
from coding_service.corpus.fingerprint import corpus_fingerprint
from coding_service.errors import NotFoundError
from coding_service.services.current_taxonomy import current_taxonomy
from coding_service.services.gold_corpus import take_corpus
from coding_service.services.passages import Version, passages_to
from coding_service.store import Engine, Scope, UnitOfWork, text_hash
from coding_service.taxonomy import Taxonomy
from coding_service.taxonomy.translation import Translation

NAME = "verified"
"""Name under which a bundle records the narratives of the store."""


@dataclass(frozen=True)
class Verified:
    """Verified narratives of a store.

    Parameters
    ----------
    narratives : tuple of CodedNarrative
        By review and id; their ``weight`` tells who stands behind the labels.
    taxonomy : Taxonomy
        The version that the labels are in: the store's current one.
    jurisdictions : tuple of str
        Ids of those whose narratives these are, sorted.
    fingerprint : str
        Of the narratives: the same decisions give the same.
    ways : mapping
        Translations to that version from the older ones that the store knows, for corpora coded in them.
    """

    narratives: tuple[CodedNarrative, ...]
    taxonomy: Taxonomy
    jurisdictions: tuple[str, ...]
    fingerprint: str
    ways: Mapping[Version, Translation] = field(default_factory=dict)


def take_verified(store: Engine, scope: Scope, *, person_id: str | None = None) -> Verified:
    """Take the narratives with a known label, but for those that are kept to measure and for copies of their texts.

    Parameters
    ----------
    store : Engine
        The store.
    scope : Scope
        Whose narratives.
    person_id : str or None
        Who takes them; None where it is whoever runs the command line.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    with UnitOfWork(store, reading=True) as work:
        taxonomy = current_taxonomy(work)
        ways = passages_to(work, taxonomy)
        ids = {row.name: row.id for row in work.jurisdictions.all(scope)}
        every = work.narratives.facts(Scope.everything(), with_text=False)
        measured = {facts.text_hash for facts in every if facts.blind_role == "evaluation"}
    taken = take_corpus(store, scope, person_id=person_id)
    narratives = tuple(narrative for narrative in taken if text_hash(narrative.text) not in measured)
    if not narratives:
        raise NotFoundError(
            "No narrative of the store that may train has a label yet.", hint="Code some, and close the codings."
        )
    jurisdictions = sorted({ids[narrative.meta["jurisdiction"]] for narrative in narratives})
    return Verified(narratives, taxonomy, tuple(jurisdictions), corpus_fingerprint(narratives), ways)
