"""A store with a bit of everything in it, and what a fuzzer needs to know to ask for it."""

from coding_service.services.codings import open_coding
from coding_service.services.keys import KeyRequest, authenticate, create_key
from coding_service.services.queue import Handing, next_tasks
from coding_service.store import Scope, UnitOfWork
from coding_service.taxonomy.lists import CAUSES, INCIDENT_TYPES, find_list
from tests.services.team import ALWAYS, HOUSING, SLEEP, TAXONOMY, Team

TEXTS = (
    "They were evicted from the apartment, and the baby slept on the couch.",
    "Contacts were not entered in time; nobody told the police.",
    "The crib was still at the old place when the worker came by.",
    "Mother said the landlord never answered, and no agency helped.",
)
FOREIGN = "A father in the south asked for help, and was sent away."
N_REVIEWS = 12
REACH = {"admin": None, "adjudicator": "north", "reviewer": "north"}
"""Role of those who ask -> what their keys reach."""

WORDS = {
    "taxonomy": [{"id": TAXONOMY.id, "version": TAXONOMY.version}],
    "taxonomy_id": [TAXONOMY.id],
    "version": [TAXONOMY.version],
    "bundle_id": ["starter"],
    "bundle": ["starter"],
    "jurisdiction": ["north", "south"],
    "code": list(TAXONOMY.index),
    "cause": [value.id for value in find_list(CAUSES).values],
    "incident_type": [value.id for value in find_list(INCIDENT_TYPES).values],
    "start": [0, 5],
    "end": [6, 19],
    "text": [*TEXTS, "Nobody had told the grandmother."],
}
"""Values that are there in any store, by the name of a parameter or a field."""


def fill(engine):
    """Fill a store; gives the secret of each role, and what is there by the name of a parameter or a field.

    Half of the reviews are blind. Of each, one narrative is disputed, one waits for a second coding, one is being coded
    by everybody who asks, and one has not been begun.
    """
    team, south = Team(engine, doubling=ALWAYS), Team(engine, "south")
    requests = {role: KeyRequest(f"{role}@asks.example", role, where) for role, where in REACH.items()}
    secrets = {role: create_key(engine, request)[0] for role, request in requests.items()}
    narratives, codings = south.review("r", FOREIGN), []
    for number in range(N_REVIEWS):
        disputed, once, begun, fresh = team.review(f"r-{number}", *TEXTS, blind_share=number % 2)
        narratives += [disputed, once, begun, fresh]
        codings += [team.code(disputed, "reviewer1", HOUSING), team.code(disputed, "reviewer2", SLEEP)]
        codings.append(team.code(once, "reviewer1", complete=False))
        codings += [open_coding(engine, authenticate(engine, each), begun)["id"] for each in secrets.values()]
    next_tasks(engine, team["reviewer3"], Handing(3600), limit=2)
    with UnitOfWork(engine, reading=True) as work:
        reviews = sorted({fact.review_id for fact in work.narratives.facts(Scope.everything())})
    ids = {"review_id": reviews, "narrative_id": narratives, "coding_id": codings}
    return secrets, {**WORDS, **ids, "texts": [*TEXTS, FOREIGN]}
