"""An agency at work: its people take in reviews, code what the queue hands them, and settle where codings differ.

All of it goes through the services that the HTTP API calls, each person with a key of their own.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from demo.people import MARKS, SUGGESTED, Luck, Reviewer, Truth, rule

from coding_service.bootstrap import Parts
from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import label_matrix
from coding_service.services.adjudication import MOST_DISPUTES, NewLabel, Ruling, adjudicate, list_disputes
from coding_service.services.authentication import Caller
from coding_service.services.codings import Closing, close_coding, open_coding
from coding_service.services.decisions import Batch, NewDecision, decide
from coding_service.services.keys import KeyRequest, authenticate, create_key
from coding_service.services.narratives import NewNarrative, get_narrative
from coding_service.services.queue import MOST_TASKS, next_tasks
from coding_service.services.review_exchange import import_reviews
from coding_service.services.reviews import NewReview
from coding_service.services.shown_suggestions import show_suggestions
from coding_service.store import Engine
from coding_service.taxonomy import Taxonomy
from coding_service.taxonomy.lists import CAUSES, INCIDENT_TYPES, find_list

JURISDICTION = "demo"
YEAR = 2026
"""In which the reviews are dated."""


@dataclass
class Tally:
    """What people did in a month.

    Parameters
    ----------
    codings, blind : int
        Codings that were closed, and those among them that were made blind.
    suggestions, accepted : int
        Suggestions in band ``suggested`` that people were shown, and those that they accepted.
    added : int
        Codes that people added beside what they were shown.
    disputes : int
        Narratives that the adjudicator settled.
    """

    codings: int = 0
    blind: int = 0
    suggestions: int = 0
    accepted: int = 0
    added: int = 0
    disputes: int = 0


class Office:
    """The people of a jurisdiction, and what holds of each narrative that they may be given.

    Parameters
    ----------
    parts : Parts
        What a server works with; there must be a store.
    taxonomy : Taxonomy
        The one that the store begins with.
    reviewers : sequence of Reviewer
        Who codes.
    narratives : sequence of CodedNarrative
        What may come in, with its codes, which only chance lets people see.
    seed : int
        Of all chance.
    """

    def __init__(
        self,
        parts: Parts,
        taxonomy: Taxonomy,
        reviewers: Sequence[Reviewer],
        narratives: Sequence[CodedNarrative],
        *,
        seed: int,
    ) -> None:
        if parts.store is None:
            raise ValueError("the office needs a store")
        self._parts, self._taxonomy, self._seed = parts, taxonomy, seed
        self._store: Engine = parts.store
        self._adjudicator = _caller(self._store, "adjudicator", "adjudicator")
        self._reviewers = [(reviewer, _caller(self._store, reviewer.name, "reviewer")) for reviewer in reviewers]
        labels = label_matrix(narratives, taxonomy).tolist()
        self._narratives = {narrative.id: narrative for narrative in narratives}
        self._truth: Mapping[str, Truth] = {
            narrative.id: dict(zip(taxonomy.code_ids, row, strict=True))
            for narrative, row in zip(narratives, labels, strict=True)
        }

    def receive(self, month: int, reviews: Iterable[Sequence[CodedNarrative]]) -> None:
        """Take in the reviews of a month, numbered from 1."""
        day = date(YEAR + (month - 1) // 12, (month - 1) % 12 + 1, 1)
        import_reviews(self._store, [_review(own, day) for own in reviews], JURISDICTION, intake=self._parts.intake)

    def work(self) -> Tally:
        """Code what waits, and settle what is disputed."""
        tally = Tally()
        while sum([self._take(reviewer, caller, tally) for reviewer, caller in self._reviewers]):
            pass
        for dispute in self._disputes():
            self._settle(dispute)
            tally.disputes += 1
        return tally

    def _take(self, reviewer: Reviewer, caller: Caller, tally: Tally) -> int:
        """Let a person code what the queue hands them; gives how many narratives that were."""
        tasks = next_tasks(self._store, caller, self._parts.handing, limit=MOST_TASKS)["tasks"]
        for task in tasks:
            self._code(reviewer, caller, task["narrative_id"], tally)
        return len(tasks)

    def _code(self, reviewer: Reviewer, caller: Caller, narrative_id: str, tally: Tally) -> None:
        coding = open_coding(self._store, caller, narrative_id)
        narrative = self._read(caller, narrative_id)
        answer = show_suggestions(self._store, caller, self._parts.shelf, narrative_id)
        bands = None
        if not answer["withheld"]:
            bands = {suggestion["code"]: suggestion["band"] for suggestion in answer["suggestions"]}
        luck = Luck(self._draws(caller.person, narrative.id), self._draws("text", narrative.id))
        verdicts = reviewer.code(self._truth[narrative.id], bands, self._taxonomy, luck)
        if verdicts:
            decisions = tuple(_decisions(verdicts, narrative, luck.own))
            version = (coding["taxonomy"]["id"], coding["taxonomy"]["version"])
            decide(self._store, caller, coding["id"], Batch(version, decisions))
        close_coding(self._store, caller, coding["id"], Closing(complete=True), doubling=self._parts.doubling)
        _count(tally, bands, verdicts)

    def _disputes(self) -> Iterator[dict[str, Any]]:
        """Give each narrative that waits for the adjudicator once."""
        seen: set[str] = set()
        while True:
            listed = list_disputes(self._store, self._adjudicator, limit=MOST_DISPUTES)["narratives"]
            waiting = [dispute for dispute in listed if dispute["narrative_id"] not in seen]
            if not waiting:
                return
            yield from waiting
            seen.update(dispute["narrative_id"] for dispute in waiting)

    def _settle(self, dispute: Mapping[str, Any]) -> None:
        narrative = self._read(self._adjudicator, dispute["narrative_id"])
        draws, truth = self._draws(self._adjudicator.person, narrative.id), self._truth[narrative.id]
        labels = tuple(
            NewLabel(open_code["code"], rule(truth[open_code["code"]], draws), "Read again by the coding rules.")
            for open_code in dispute["disputed"]
        )
        version = (dispute["taxonomy"]["id"], dispute["taxonomy"]["version"])
        adjudicate(self._store, self._adjudicator, dispute["narrative_id"], Ruling(version, labels))

    def _read(self, caller: Caller, narrative_id: str) -> CodedNarrative:
        """Let a person open a narrative, and give what the corpus knows of it."""
        return self._narratives[get_narrative(self._store, caller, narrative_id)["external_id"]]

    def _draws(self, person: str, narrative: str) -> random.Random:
        """Give the luck of a person, or of all, with a narrative, whenever they get to it."""
        return random.Random(f"{self._seed} {person} {narrative}")


def _caller(store: Engine, name: str, role: str) -> Caller:
    """Make a key for a person and come in by it."""
    secret, _ = create_key(store, KeyRequest(f"{name}@agency.example", role, JURISDICTION, new_jurisdiction=True))
    return authenticate(store, secret)


def _review(narratives: Sequence[CodedNarrative], day: date) -> NewReview:
    first = narratives[0]
    return NewReview(
        first.unit,
        cause=_listed(first, "cause", CAUSES),
        incident_type=_listed(first, "incident_type", INCIDENT_TYPES),
        review_date=day,
        completed=True,
        narratives=tuple(NewNarrative(narrative.text, narrative.id) for narrative in narratives),
    )


def _listed(narrative: CodedNarrative, key: str, list_id: str) -> str | None:
    """Give what a narrative says of its review, where the list of values knows it."""
    value = narrative.meta.get(key)
    return value if value in find_list(list_id).ids else None


def _decisions(verdicts: Mapping[str, str], narrative: CodedNarrative, draws: random.Random) -> Iterator[NewDecision]:
    for code, verdict in verdicts.items():
        marked = verdict in ("accept", "add") and draws.random() < MARKS
        yield NewDecision(code, verdict, evidence=narrative.evidence.get(code, ()) if marked else ())


def _count(tally: Tally, bands: Mapping[str, str] | None, verdicts: Mapping[str, str]) -> None:
    tally.codings += 1
    if bands is None:
        tally.blind += 1
        return
    suggested = [code for code, band in bands.items() if band == SUGGESTED]
    tally.suggestions += len(suggested)
    tally.accepted += sum(verdicts[code] == "accept" for code in suggested)
    tally.added += sum(verdict == "add" for verdict in verdicts.values())
