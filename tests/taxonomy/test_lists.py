"""Value lists: causes and incident types."""

import pytest

from coding_service.errors import InputError, NotFoundError, TaxonomyError
from coding_service.taxonomy.lists import CAUSES, INCIDENT_TYPES, find_list, load_list

HEAD = "id: tiny\nversion: 1.0.0\ntitle: Tiny\nvalues:\n  - {id: a, name: A}\n"


@pytest.mark.parametrize("list_id", [CAUSES, INCIDENT_TYPES])
def test_both_lists_have_a_way_out(list_id):
    """Guarantee: what fits nowhere, and what is not known, each has a value."""
    assert {"other", "undetermined"} <= set(find_list(list_id).ids)


def test_known_value_is_given_back():
    assert find_list(CAUSES).check_value("suid") == "suid"


def test_unknown_value_is_refused_with_the_known_ones():
    with pytest.raises(
        InputError, match=r"'flood' is not in the list causes 1\.0\.0\. Known are: suid, abuse, .*undetermined\."
    ):
        find_list(CAUSES).check_value("flood")


def test_unknown_list_tells_the_known_ones():
    with pytest.raises(NotFoundError, match=r"no value list 'regions'\. Available: causes, incident-types\."):
        find_list("regions")


def test_value_that_stands_twice_is_refused_with_its_line(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(HEAD + "  - {id: b, name: B}\n  - {id: a, name: C}\n")
    with pytest.raises(
        TaxonomyError, match=r"tiny\.yaml, line 7: the value 'a' stands twice\. Give each value its own id\."
    ):
        load_list(path)


def test_list_of_an_agency_is_found_in_its_folder(tmp_path):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "1.0.0.yaml").write_text(HEAD)
    assert find_list("tiny", folders=[tmp_path]).ids == ("a",)
