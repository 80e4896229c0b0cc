"""Translation of labels: a table of what each kind of change does, and the laws that a chain of them obeys."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from coding_service.taxonomy import Code, Taxonomy
from coding_service.taxonomy.crosswalk import load_crosswalk
from coding_service.taxonomy.files import find_taxonomy, load_taxonomy
from coding_service.taxonomy.translation import Source, Translation

DATA = Path(__file__).parent / "data"
OLD, NEW = find_taxonomy("io-themes", "1.0.0"), load_taxonomy(DATA / "io-themes-1.1.0.yaml")
WAY = Translation.by(load_crosswalk(DATA / "1.0.0-to-1.1.0.yaml", OLD, NEW), OLD, NEW)
P, A, U = "present", "absent", "unknown"
LABELS = st.sampled_from([P, A, U])


def flat(version, n_codes):
    return Taxonomy("t", version, "T", tuple(Code(f"{version}-{number}", "C") for number in range(n_codes)))


TAXONOMIES = [flat(f"{major}.0.0", n_codes) for major, n_codes in enumerate((4, 5, 3, 4))]


def sources(codes):
    some = st.frozensets(st.sampled_from(codes), max_size=3)
    return st.builds(lambda exact, within, gap: Source.of(exact, within, open_part=gap), some, some, st.booleans())


@st.composite
def steps(draw, old, new):
    return Translation(old, new, {code: draw(sources(old.code_ids)) for code in new.code_ids})


def chains(length):
    return st.tuples(*(steps(*TAXONOMIES[place : place + 2]) for place in range(length)))


FIRST_LABELS = st.fixed_dictionaries(dict.fromkeys(TAXONOMIES[0].code_ids, LABELS))


@given(chains(3))
def test_composition_is_associative(chain):
    """Guarantee: in whatever order a chain is put together, it is the same translation."""
    first, second, third = chain
    assert first.then(second).then(third) == first.then(second.then(third))


@given(chains(1))
def test_identity_changes_nothing(chain):
    (step,) = chain
    assert Translation.identity(step.old).then(step) == step == step.then(Translation.identity(step.new))


@given(chains(2), FIRST_LABELS)
def test_composition_is_one_after_the_other(chain, labels):
    """Guarantee: a chain in one go gives the labels that its steps give."""
    first, second = chain
    assert first.then(second).labels(labels) == second.labels(first.labels(labels))


@given(chains(1), FIRST_LABELS, st.sampled_from(TAXONOMIES[0].code_ids), LABELS)
def test_knowing_more_never_turns_a_label_round(chain, labels, code, label):
    """Guarantee: what is said with something unknown still holds once that is known."""
    (step,) = chain
    less, more = step.labels({**labels, code: U}), step.labels({**labels, code: label})
    assert all(less[new] in (U, more[new]) for new in less)


@given(st.fixed_dictionaries(dict.fromkeys(OLD.code_ids, LABELS)))
def test_added_and_split_codes_are_never_absent_and_kept_ones_carry_over(labels):
    """Guarantee: nothing that nobody was asked becomes a no."""
    after = WAY.labels(labels)
    for code in ("family.immigration", "team.coordination.tribes", "family.medical_care", "family.disability"):
        assert after[code] == U
    for old, new in WAY.same.items():
        assert after[new] == labels[old]
    assert "environment.technology" not in after


def test_merge_and_within_have_three_values():
    all_absent = dict.fromkeys(OLD.code_ids, A)
    for stress, fatigue, strain in ((P, A, P), (P, U, P), (A, A, A), (A, U, U), (U, U, U)):
        labels = {**all_absent, "professional.stress": stress, "professional.fatigue": fatigue}
        assert WAY.labels(labels)["professional.strain"] == strain
    for theme, utilities in ((A, A), (P, U), (U, U)):
        labels = {**all_absent, "family.economic_support": theme}
        assert WAY.labels(labels)["family.economic_support.utilities"] == utilities


def test_same_codes_are_told_whatever_they_are_called():
    """Guarantee: only what means the same in both versions is compared."""
    assert WAY.same["professional.documentation"] == "professional.records"
    assert WAY.same["family.safe_sleep"] == "family.safe_sleep"
    assert not {"professional.stress", "family.health", "environment.technology"} & WAY.same.keys()
    assert WAY.becomes["professional.stress"] == ("professional.strain",)
    assert "family.health" not in WAY.becomes
