"""API keys: shown once, kept as a hash, one person's, and dead at once when revoked."""

import pytest
from sqlalchemy import text

from coding_service.errors import ConflictError, InputError, NotFoundError, UnauthenticatedError
from coding_service.services.acting import act_as
from coding_service.services.keys import KeyRequest, authenticate, create_key, list_keys, revoke_key
from coding_service.store import Scope, UnitOfWork

ANN = KeyRequest("Ann@North.example", "reviewer", "north", name="Ann", new_jurisdiction=True)


def test_key_lets_its_person_in_with_role_and_scope(engine):
    secret, facts = create_key(engine, ANN)
    caller = authenticate(engine, secret)
    assert secret.startswith(facts.prefix)
    assert len(secret) == 4 + 43
    assert (caller.person, caller.role) == ("ann@north.example", "reviewer")
    with UnitOfWork(engine, reading=True) as work:
        assert caller.scope == Scope(work.jurisdictions.named(Scope.everything(), "north").id)


def test_secret_is_nowhere_in_the_store(engine):
    secret, facts = create_key(engine, ANN)
    with engine.connect() as connection:
        kept = str(connection.execute(text("SELECT * FROM api_key")).all())
        kept += str(connection.execute(text("SELECT * FROM audit_event")).all())
    assert facts.prefix in kept
    assert secret not in kept
    assert secret[len(facts.prefix) :] not in kept


def test_wrong_unknown_and_revoked_secrets_are_told_the_same(engine):
    secret, facts = create_key(engine, ANN)
    other, _ = create_key(engine, ANN)
    revoke_key(engine, facts.prefix)
    told = set()
    for wrong in (secret, other[:-1] + ("a" if other[-1] != "a" else "b"), "ioc_unknown", "", "\ud800"):
        with pytest.raises(UnauthenticatedError) as caught:
            authenticate(engine, wrong)
        told.add(str(caught.value))
    assert len(told) == 1
    assert authenticate(engine, other).person == "ann@north.example"


def test_list_tells_whose_and_since_when_but_no_secret(engine):
    _, facts = create_key(engine, ANN)
    create_key(engine, KeyRequest("root@hq.example", "admin", None))
    revoke_key(engine, facts.prefix)
    first, second = list_keys(engine)
    assert (first.person, first.role, first.jurisdiction) == ("ann@north.example", "reviewer", "north")
    assert first.revoked_at >= first.created_at
    assert (second.person, second.jurisdiction, second.revoked_at) == ("root@hq.example", None, None)


def test_person_of_one_jurisdiction_gets_no_key_beyond_it(engine):
    create_key(engine, ANN)
    for wider in (None, "south"):
        with pytest.raises(ConflictError):
            create_key(engine, KeyRequest(ANN.email, "reviewer", wider, new_jurisdiction=True))
    with UnitOfWork(engine, reading=True) as work:
        assert [row.name for row in work.jurisdictions.all(Scope.everything())] == ["north"]


def test_person_of_all_jurisdictions_may_have_a_narrower_key(engine):
    create_key(engine, KeyRequest("root@hq.example", "admin", None))
    secret, _ = create_key(engine, KeyRequest("root@hq.example", "analyst", "north", new_jurisdiction=True))
    assert authenticate(engine, secret).scope.jurisdiction_id is not None


BAD = {
    "role": (KeyRequest("a@b.example", "boss", None), InputError, "reviewer, adjudicator"),
    "e-mail": (KeyRequest("nobody", "admin", None), InputError, "e-mail"),
    "e-mail with blanks": (KeyRequest("a b@c.example", "admin", None), InputError, "e-mail"),
    "jurisdiction": (KeyRequest("a@b.example", "admin", "nowhere"), NotFoundError, "none yet"),
}


@pytest.mark.parametrize("name", BAD)
def test_malformed_requests_are_refused_and_nothing_is_made(engine, name):
    request, error, told = BAD[name]
    with pytest.raises(error, match=told):
        create_key(engine, request)
    assert list_keys(engine) == []


def test_unknown_prefix_cannot_be_revoked(engine):
    with pytest.raises(NotFoundError):
        revoke_key(engine, "ioc_nothing1")


def test_person_is_one_however_the_accents_of_the_address_are_composed(engine):
    """Guarantee: nobody codes a narrative as two people by typing the same address in another Unicode form."""
    for email in ("zo\u00eb@north.example", "zoe\u0308@north.example"):
        create_key(engine, KeyRequest(email, "reviewer", "north", new_jurisdiction=True))
    assert len({facts.person for facts in list_keys(engine)}) == 1
    acting = {
        act_as(engine, email, "reviewer").person_id for email in ("ZO\u00cb@north.example", "zoe\u0308@north.example")
    }
    assert len(acting) == 1


@pytest.mark.parametrize("name", [" ", " north", "x" * 201])
def test_what_no_request_could_name_is_no_jurisdiction(engine, name):
    with pytest.raises(InputError, match="is no name of a jurisdiction"):
        create_key(engine, KeyRequest("ann@north.example", "reviewer", name, new_jurisdiction=True))


def test_whole_secret_is_not_given_back(engine):
    secret, _ = create_key(engine, ANN)
    with pytest.raises(NotFoundError) as caught:
        revoke_key(engine, secret)
    assert secret[12:] not in str(caught.value)
