"""A bundle that trains in a second: it knows four codes by their words, and nothing else."""

from coding_service.corpus import CodedNarrative
from coding_service.services.recipes import Recipe
from coding_service.services.training import NamedCorpus, train
from coding_service.suggesters.bundle import write_bundle
from coding_service.taxonomy.files import find_taxonomy

PHRASES = {
    "family.safe_sleep": "the baby slept on the couch with mother",
    "family.economic_support.housing": "they were evicted from the apartment",
    "professional.documentation": "the contacts were not entered in the system",
    "team.coordination.law_enforcement": "police reports were never sent over",
}
TEXT = "They were evicted from the apartment. The baby slept on the couch with mother."
CODES = {"family.economic_support", "family.economic_support.housing", "family.safe_sleep"}
"""What the bundle suggests for `TEXT`."""


def write_small_bundle(folder):
    """Train the bundle and write it to a folder."""
    narratives = tuple(
        CodedNarrative(
            id=f"n{row}-{position}",
            text=f"In month {row} {phrase}. Worker noted it on day {row + position}.",
            codes=(code,),
            group=f"r{row}",
            split="test" if row >= 12 else "train",
        )
        for row in range(15)
        for position, (code, phrase) in enumerate(PHRASES.items())
    )
    recipe = Recipe(name="small", suggester="lexical", folds=3)
    trained = train(recipe, [NamedCorpus("small", narratives)], find_taxonomy("io-themes", "1.0.0"))
    return write_bundle(trained.bundle, folder, trained.metrics, lambda _: None)
