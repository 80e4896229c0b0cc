"""Reviews that were coded long ago, put into a store in bulk, and bundles small enough to train in a second."""

import random
from dataclasses import replace

from coding_service.corpus import CodedNarrative
from coding_service.corpus.files import write_corpus
from coding_service.services.current_taxonomy import settled_taxonomy
from coding_service.services.recipes import Recipe
from coding_service.services.shelf import JURISDICTIONS
from coding_service.services.training import NamedCorpus, train
from coding_service.store import Scope, UnitOfWork
from coding_service.store.rows import CodingRow, DecisionRow, ReviewRow
from coding_service.suggesters.bundle import write_bundle
from coding_service.taxonomy.files import find_taxonomy

TAXONOMY = find_taxonomy("io-themes", "1.0.0")
PHRASES = {
    "family.safe_sleep": ("the baby slept on the couch", "an adult bed held the infant at night", "no crib was found"),
    "family.economic_support.housing": ("they were evicted", "the lease had ended", "the family doubled up"),
    "professional.documentation": ("contacts were not entered", "the file had gaps", "nothing was written down"),
    "team.coordination.law_enforcement": (
        "police got no report",
        "officers were not told",
        "no joint interview took place",
    ),
}
SLEEP, HOUSING, RECORDS, POLICE = PHRASES
RECIPE = Recipe(name="small", suggester="lexical", folds=2)


def coded(n_reviews, *, start=0, wordings=3, seed=0, wrong=None):
    """Make one narrative a review, each with one or two codes in one of so many wordings.

    ``wrong`` takes the codes of a narrative and gives those that people set.
    """
    rng = random.Random(seed)
    made = []
    for number in range(start, start + n_reviews):
        codes = tuple(sorted(rng.sample(list(PHRASES), rng.choice((1, 1, 2)))))
        told = ". ".join(rng.choice(PHRASES[code][:wordings]) for code in codes)
        text = f"Visit {number} of worker {rng.randrange(1000)}: {told}. Follow-up {rng.randrange(1000)} came later."
        codes = codes if wrong is None else wrong(codes)
        made.append(CodedNarrative(id=f"n{number}", text=text, codes=codes, group=f"g{number}"))
    return made


def shuffled(narratives, seed=0):
    """The same texts, each with the codes of another."""
    codes = [narrative.codes for narrative in narratives]
    random.Random(seed).shuffle(codes)
    return [replace(narrative, codes=own) for narrative, own in zip(narratives, codes, strict=True)]


def write_lexical(folder, narratives, *, jurisdictions=None, taxonomy=TAXONOMY, recipe=RECIPE):
    """Train a bundle and write it; ``jurisdictions`` are the ids it is to have learned from."""
    trained = train(recipe, [NamedCorpus("small", tuple(narratives))], taxonomy)
    bundle = trained.bundle
    if jurisdictions is not None:
        bundle = replace(bundle, manifest={**bundle.manifest, JURISDICTIONS: list(jurisdictions)})
    return write_bundle(bundle, folder, trained.metrics, lambda _: None)


def write_recipe(folder, narratives):
    """Write a recipe over a starter corpus of its own; gives its path."""
    write_corpus(folder / "starter.jsonl", narratives)
    path = folder / "small.yaml"
    path.write_text("name: small\nsuggester: lexical\nfolds: 2\ncorpus: [starter.jsonl]\n")
    return path


def add_jurisdiction(engine, name="north", *, opted_in=False):
    with UnitOfWork(engine) as work:
        row = work.jurisdictions.add(name, opted_in=opted_in)
        work.commit()
    return row.id


def add_verified(engine, jurisdiction_id, narratives, *, role=None):
    """Put narratives into the store, each in a review of its own, coded and closed by one person.

    ``role`` is ``evaluation`` or ``training`` for blind reviews; None shows suggestions.
    """
    scope = Scope(jurisdiction_id)
    with UnitOfWork(engine) as work:
        taxonomy = settled_taxonomy(work)
        person = work.people.by_email(f"coder@{jurisdiction_id}.example") or work.people.add(
            f"coder@{jurisdiction_id}.example", "Coder", jurisdiction_id=jurisdiction_id
        )
        for narrative in narratives:
            review = ReviewRow(
                jurisdiction_id=jurisdiction_id,
                external_id=f"{role}-{narrative.id}",
                blind=role is not None,
                blind_role=role,
            )
            work.reviews.add(scope, review)
            row = work.narratives.add(scope, review, "1", narrative.text)
            coding = CodingRow(
                jurisdiction_id=jurisdiction_id,
                narrative_id=row.id,
                person_id=person.id,
                blind=role is not None,
                taxonomy_id=taxonomy.id,
                taxonomy_version=taxonomy.version,
            )
            work.codings.open(scope, coding)
            work.decisions.add(scope, coding, [DecisionRow(code=code, verdict="add") for code in narrative.codes])
            work.codings.close(scope, coding.id, complete=True)
        work.commit()
