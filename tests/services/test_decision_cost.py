"""What a reviewer waits for: a decision is a few short statements, and reads nothing long."""

import pytest
from sqlalchemy import event

from coding_service.services.codings import open_coding
from coding_service.services.decisions import Batch, NewDecision, decide
from coding_service.services.idempotency import Retry
from tests.services.team import HOUSING, VERSION, Team

MOST_STATEMENTS = 11


@pytest.fixture
def statements(engine):
    """What is sent to the database, in order."""
    sent = []
    event.listen(engine, "before_cursor_execute", lambda _, __, statement, *___: sent.append(statement))
    return sent


def test_decision_takes_few_statements_and_reads_neither_text_nor_taxonomy(engine, statements):
    """Guarantee: a decision with evidence costs as much for a long narrative as for a short one."""
    team = Team(engine)
    (narrative,) = team.review("r", "They were evicted.")
    coding = open_coding(engine, team["reviewer1"], narrative)["id"]
    batch = Batch(VERSION, (NewDecision(HOUSING, "add", 2, ((0, 4),)),))
    decide(engine, team["reviewer1"], coding, batch, retry=Retry("first", "POST", "h"))
    statements.clear()
    decide(engine, team["reviewer1"], coding, batch, retry=Retry("second", "POST", "h"))
    assert len(statements) <= MOST_STATEMENTS, statements
    read = [statement for statement in statements if statement.startswith("SELECT")]
    assert not [statement for statement in read if "taxonomy_version.content" in statement]
    assert not [statement for statement in read if "narrative.text," in statement or "narrative.text \n" in statement]
