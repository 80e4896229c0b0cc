"""The registry and the parameters of its entries."""

import pytest

from coding_service.errors import InputError
from coding_service.suggesters.registry import SUGGESTERS, suggester_class


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError) as caught:
        suggester_class("oracle")
    assert all(name in caught.value.hint for name in SUGGESTERS)


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("lexical", {"strength": 0}, "'strength' of suggester 'lexical' is 0"),
        ("lexical", {"max_terms": "many"}, "'max_terms'"),
        ("sentence", {"rounds": 99}, "'rounds'"),
        ("sentence", {"blend": [1, 2]}, "'blend"),
        ("sentence", {"blend": [0, 0, 0]}, "one of the three readings must count"),
        ("tuned", {"blend": [-1, 0, 1]}, "'blend"),
    ],
)
def test_parameter_out_of_range_is_named(name, parameters, said):
    with pytest.raises(InputError, match=said):
        suggester_class(name).from_parameters(parameters)
