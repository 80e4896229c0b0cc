"""The corpus of a store: gold in few queries, evaluation kept apart, and the same bytes for the same decisions."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event, text

from coding_service.corpus.files import corpus_lines
from coding_service.corpus.fingerprint import corpus_fingerprint
from coding_service.services.current_taxonomy import begin_taxonomy, current_taxonomy
from coding_service.services.gold_corpus import explain_gold, export_corpus, store_gold, take_corpus
from coding_service.store import Scope, UnitOfWork
from coding_service.store.rows import AdjudicationRow, CodingRow, DecisionRow, ReviewRow
from coding_service.taxonomy.files import find_taxonomy

ALL = Scope.everything()
TAXONOMY = {"taxonomy_id": "io-themes", "taxonomy_version": "1.0.0"}
HOUSING, THEME = "family.economic_support.housing", "family.economic_support"


@pytest.fixture
def office(engine):
    """Makes narratives with codings, straight in the store."""
    with UnitOfWork(engine) as work:
        begin_taxonomy(work, find_taxonomy("io-themes", "1.0.0"))
        jurisdictions = {name: work.jurisdictions.add(name).id for name in ("north", "south")}
        people = [work.people.add(f"{name}@north.example", name).id for name in "abc"]
        work.commit()

    def add(external_id, *codings, where="north", adjudicated=None, **review):
        with UnitOfWork(engine) as work:
            row = ReviewRow(jurisdiction_id=jurisdictions[where], external_id=external_id, **review)
            work.reviews.add(ALL, row)
            narrative = work.narratives.add(ALL, row, "1", f"Evicted twice, {external_id}.")
            for person, (verdicts, complete) in zip(people, codings, strict=False):
                coding = CodingRow(
                    jurisdiction_id=row.jurisdiction_id,
                    narrative_id=narrative.id,
                    person_id=person,
                    blind=row.blind,
                    **TAXONOMY,
                )
                work.codings.open(ALL, coding)
                decisions = [DecisionRow(code=code, verdict=verdict, evidence=[[0, 7]]) for code, verdict in verdicts]
                work.decisions.add(ALL, coding, decisions)
                if complete is not None:
                    work.codings.close(ALL, coding.id, complete=complete)
            words = [
                AdjudicationRow(
                    jurisdiction_id=row.jurisdiction_id,
                    narrative_id=narrative.id,
                    person_id=people[2],
                    code=code,
                    label=label,
                    **TAXONOMY,
                )
                for code, label in (adjudicated or {}).items()
            ]
            work.adjudications.add(ALL, words)
            work.commit()
        return narrative.id

    return add


def export(engine, scope=ALL, **options):
    with UnitOfWork(engine, reading=True) as work:
        return {narrative.id: narrative for narrative in export_corpus(work, scope, **options)}


@contextmanager
def queries(engine):
    """Count the queries that are sent meanwhile."""
    seen = []

    def note(connection, cursor, statement, *rest):
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


ADD = [(HOUSING, "add")]


def test_labels_evidence_weight_and_facts_are_exported(engine, office):
    single = office("single", (ADD, True), cause="suid", review_date=None)
    double = office("double", (ADD, True), (ADD, True))
    judged = office("judged", (ADD, True), ([], True), adjudicated={HOUSING: "absent"}, where="south")
    partial = office("partial", (ADD, None))
    corpus = export(engine)
    assert [corpus[key].weight for key in (single, double, judged, partial)] == [1.0, 1.5, 2.0, 1.0]
    assert corpus[single].codes == (THEME, HOUSING)
    assert corpus[single].unknown == ()
    assert corpus[single].evidence == {HOUSING: ((0, 7),)}
    assert corpus[single].meta == {"jurisdiction": "north", "cause": "suid", "trust": "single"}
    assert corpus[judged].meta == {"jurisdiction": "south", "trust": "adjudicated"}
    assert HOUSING not in corpus[judged].codes + corpus[judged].unknown
    assert corpus[judged].evidence == {}
    assert len(corpus[partial].unknown) == len(find_taxonomy("io-themes", "1.0.0").code_ids) - 2


def test_narratives_that_nobody_judged_are_left_out(engine, office):
    office("nobody")
    office("unsure", ([(HOUSING, "unsure")], None))
    office("skipped", ([], False))
    office("withdrawn", ([(HOUSING, "add"), (HOUSING, "withdraw")], False))
    assert export(engine) == {}


def test_evaluation_half_never_trains(engine, office):
    """Guarantee: the two exports share no narrative, and together hold all."""
    plain = office("plain", (ADD, True))
    training = office("training", (ADD, True), blind=True, blind_role="training")
    evaluation = office("evaluation", (ADD, True), blind=True, blind_role="evaluation")
    assert export(engine).keys() == {plain, training}
    assert export(engine, evaluation=True).keys() == {evaluation}


def test_scope_keeps_jurisdictions_apart(engine, office):
    north, south = office("same", (ADD, True)), office("same", (ADD, True), where="south")
    with UnitOfWork(engine, reading=True) as work:
        scopes = [Scope(work.jurisdictions.named(ALL, name).id) for name in ("north", "south")]
    assert [list(export(engine, scope)) for scope in scopes] == [[north], [south]]


def test_codings_of_another_taxonomy_version_do_not_count(engine, office):
    office("old", (ADD, True), adjudicated={HOUSING: "present"})
    newer = find_taxonomy("io-themes", "1.0.0")
    with UnitOfWork(engine) as work:
        begin_taxonomy(work, type(newer)(**{**vars_of(newer), "version": "1.1.0"}))
        work.commit()
    assert export(engine) == {}


def vars_of(taxonomy):
    return {name: getattr(taxonomy, name) for name in taxonomy.__dataclass_fields__}


def test_same_decisions_give_the_same_bytes(engine, office):
    """Guarantee: an export is the same to the byte until somebody decides something, and says by its fingerprint when."""
    for number in range(5):
        office(f"r-{number}", (ADD, True), ([(HOUSING, "reject")], None), blind=False)
    corpus = take_corpus(engine, ALL)
    kept = "".join(corpus_lines(corpus))
    assert "".join(corpus_lines(take_corpus(engine, ALL))) == kept
    office("new", (ADD, True))
    more = take_corpus(engine, ALL)
    assert len(more) == len(corpus) + 1
    assert corpus_fingerprint(more) != corpus_fingerprint(corpus)
    known = {narrative.id for narrative in corpus}
    assert corpus_fingerprint(narrative for narrative in more if narrative.id in known) == corpus_fingerprint(corpus)


def test_number_of_queries_does_not_grow(engine, office):
    """Guarantee: a store is read in as many queries as a single narrative."""
    office("first", (ADD, True), adjudicated={HOUSING: "present"})
    counts = []
    for _ in range(2):
        with queries(engine) as seen:
            export(engine)
        counts.append(len(seen))
        for number in range(12):
            office(f"more-{number}-{len(counts)}", (ADD, True), (ADD, None))
    assert counts[0] == counts[1] <= 8


def test_some_narratives_alone(engine, office):
    wanted, _ = office("wanted", (ADD, True)), office("other", (ADD, True))
    with UnitOfWork(engine, reading=True) as work:
        gold = list(store_gold(work, ALL, current_taxonomy(work), narrative_ids=[wanted]))
    assert [row.narrative.id for row in gold] == [wanted]
    assert gold[0].narrative.text is None
    assert gold[0].labels[HOUSING].source == "single"


def test_taking_a_corpus_is_recorded_for_each_narrative(engine, office):
    narrative_id = office("r", (ADD, True))
    office("nobody")
    corpus = take_corpus(engine, ALL)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT object_id, detail FROM audit_event WHERE action = 'export'")).all()
    assert [row[0] for row in rows] == [narrative_id]
    assert corpus_fingerprint(corpus) in str(rows[0][1])


def test_explanation_names_source_and_counts_but_no_text(engine, office):
    office("r", (ADD, True), ([(HOUSING, "reject")], None))
    rows = list(explain_gold(engine, ALL))
    housing = next(row for row in rows if row["code"] == HOUSING)
    assert (housing["label"], housing["source"], housing["present"], housing["absent"]) == (
        "unknown",
        "disagreed",
        1,
        1,
    )
    assert housing["review"] == "r"
    assert "Evicted" not in str(rows)
