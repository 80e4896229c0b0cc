"""A team at work for tests of services: people of one jurisdiction, the reviews they get, and the codings they make."""

from coding_service.services.authentication import Caller
from coding_service.services.blindness import Blinding
from coding_service.services.codings import Closing, close_coding, open_coding
from coding_service.services.current_taxonomy import settled_taxonomy
from coding_service.services.decisions import Batch, NewDecision, decide
from coding_service.services.gold_corpus import store_gold
from coding_service.services.narratives import NewNarrative
from coding_service.services.reviews import Intake, NewReview, create_review
from coding_service.services.stages import Doubling
from coding_service.services.suggesting import Sizes
from coding_service.store import Scope, UnitOfWork
from coding_service.taxonomy.files import find_taxonomy

TAXONOMY = find_taxonomy("io-themes")
VERSION = (TAXONOMY.id, TAXONOMY.version)
HOUSING, SLEEP, RECORDS = "family.economic_support.housing", "family.safe_sleep", "professional.documentation"
NEVER, ALWAYS = Doubling("key", 0), Doubling("key", 1)


class Team:
    """People by name, made with the role that their name begins with when they are first needed."""

    def __init__(self, engine, jurisdiction="north", *, doubling=NEVER, blind_share=0.0):
        self.engine, self.jurisdiction, self.doubling = engine, jurisdiction, doubling
        self.intake = Intake(Blinding("key", blind_share), Sizes())
        self._callers = {}
        with UnitOfWork(engine) as work:
            self.id = work.jurisdictions.add(jurisdiction).id
            settled_taxonomy(work)
            work.commit()

    @property
    def scope(self):
        return Scope(self.id)

    def __getitem__(self, who):
        if who not in self._callers:
            email = f"{who}@{self.jurisdiction}.example"
            with UnitOfWork(self.engine) as work:
                person_id = work.people.add(email, who, jurisdiction_id=self.id).id
                work.commit()
            self._callers[who] = Caller(who, email, who.rstrip("0123456789"), self.id, person_id)
        return self._callers[who]

    def review(self, name, *texts, blind_share=None):
        """Send a review; gives the ids of its narratives in order."""
        intake = self.intake if blind_share is None else Intake(Blinding("key", blind_share), Sizes())
        new = NewReview(name, narratives=tuple(NewNarrative(text, str(row)) for row, text in enumerate(texts)))
        answer = create_review(self.engine, self["admin"], new, intake=intake)
        return [row["id"] for row in sorted(answer["narratives"], key=lambda row: int(row["external_id"]))]

    def code(self, narrative_id, who, *codes, complete=True, skipped=None, **verdicts):
        """Let a person code a narrative by adding codes; gives the id of the closed coding."""
        coding_id = open_coding(self.engine, self[who], narrative_id)["id"]
        new = [NewDecision(code, "add") for code in codes]
        new += [NewDecision(code, verdict) for verdict, code in verdicts.items()]
        if new:
            decide(self.engine, self[who], coding_id, Batch(VERSION, tuple(new)))
        closing = Closing(complete and not (skipped or "").strip(), skipped)
        close_coding(self.engine, self[who], coding_id, closing, doubling=self.doubling)
        return coding_id

    def gold(self, narrative_id):
        """Give the gold of a narrative, by code."""
        with UnitOfWork(self.engine, reading=True) as work:
            (gold,) = store_gold(work, self.scope, TAXONOMY, narrative_ids=[narrative_id])
            return gold.labels

    def stage(self, narrative_id):
        with UnitOfWork(self.engine, reading=True) as work:
            return work.queue.get(self.scope, narrative_id).state
