"""What schemathesis is told beside the description: what is there to be asked for, and that a problem tells no text."""

import json
import os

import schemathesis
from hypothesis import strategies

KNOWN = json.loads(os.environ["FUZZ_KNOWN"])
"""Values that are there, by the name of a parameter or a field; ``texts`` are narratives of the store."""

LIKELY = {name: strategies.sampled_from(values) for name, values in KNOWN.items()}
LIKELY["external_id"] = strategies.uuids().map(str)
SHORTEST = 12
"""Characters of a text that are no accident in a problem."""


def likely(value):
    """Draw what is there in place of some of the values that were generated, wherever their names stand."""
    if isinstance(value, dict):
        return strategies.fixed_dictionaries(
            {
                name: strategies.one_of(LIKELY[name], LIKELY[name], likely(inner)) if name in LIKELY else likely(inner)
                for name, inner in value.items()
            }
        )
    if isinstance(value, list):
        return strategies.tuples(*map(likely, value)).map(list)
    return strategies.just(value)


@schemathesis.hook
def flatmap_path_parameters(context, path_parameters):
    return likely(path_parameters)


@schemathesis.hook
def flatmap_body(context, body):
    return likely(body)


@schemathesis.check
def problems_tell_no_text(ctx, response, case):
    """Refuse a problem that repeats a narrative, be it one that was sent or one of the store."""
    if response.status_code >= 400:
        texts = {*KNOWN["texts"], *sent_texts(case.body)}
        assert not [text for text in texts if text in response.text or json.dumps(text)[1:-1] in response.text]


def sent_texts(body):
    if isinstance(body, dict):
        for name, value in body.items():
            if name == "text" and isinstance(value, str) and len(value) >= SHORTEST:
                yield value
            yield from sent_texts(value)
    elif isinstance(body, list):
        for value in body:
            yield from sent_texts(value)
