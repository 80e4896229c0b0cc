"""The description of the routes over the store: complete, and its examples are what the routes take and give."""

import jsonschema
import pytest

from tests.api.stateful.conftest import done


@pytest.fixture
def description(office):
    return office.client.get("/openapi.json").json()


def operations(description):
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_operations_are_described(description):
    """Guarantee: each route has a summary, a text, a known tag, and names its problems; those under /v1 the key, too."""
    tags = {tag["name"] for tag in description["tags"]}
    for name, operation in operations(description):
        assert operation["summary"], name
        assert operation["description"], name
        assert set(operation["tags"]) <= tags, name
        if "/v1/" in name:
            assert {"401", "403"} <= operation["responses"].keys(), name
            assert operation["security"], name
        if "{" in name:
            assert "404" in operation["responses"], name


def test_parameters_and_bodies_have_examples(description):
    schemas = description["components"]["schemas"]
    for name, operation in operations(description):
        for parameter in operation.get("parameters", ()):
            assert parameter["schema"].get("examples") or parameter.get("examples"), f"{name} {parameter['name']}"
        if "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            examples = schemas[schema["$ref"].rpartition("/")[2]]["examples"]
            for example in examples:
                jsonschema.validate(example, {**schema, "components": {"schemas": schemas}})


def test_fields_are_described_with_examples(description):
    """Guarantee: each plain field of the schemas is described and has an example."""
    for name, schema in description["components"]["schemas"].items():
        for field, told in schema.get("properties", {}).items():
            kinds = [told, *told.get("anyOf", ()), *told.get("allOf", ())]
            if any("$ref" in kind or "$ref" in str(kind.get("items", "")) for kind in kinds):
                continue
            assert any(kind.get("description") for kind in kinds), f"describe {name}.{field}"
            assert any(kind.get("examples") for kind in kinds), f"give {name}.{field} an example"


def test_answers_are_what_the_schemas_say(office, description):
    """Guarantee: what the routes over the store give fits their description."""
    schemas = description["components"]["schemas"]

    def fits(path, method, status, answer):
        content = description["paths"][path][method]["responses"][status]["content"]["application/json"]
        jsonschema.validate(answer, {**content["schema"], "components": {"schemas": schemas}})

    body = description["components"]["schemas"]["ReviewToCreate"]["examples"][0]
    review = done(office.post("/v1/reviews", body))
    narrative_id = review["narratives"][0]["id"]
    fits("/v1/reviews", "post", "201", review)
    fits("/v1/reviews/{review_id}", "get", "200", done(office.get(f"/v1/reviews/{review['id']}")))
    fits("/v1/narratives/{narrative_id}", "get", "200", done(office.get(f"/v1/narratives/{narrative_id}")))
    fits("/v1/narratives/{narrative_id}/suggestions", "get", "200", office.suggestions(narrative_id))
    coding_id = office.open(narrative_id)
    decisions = description["components"]["schemas"]["DecisionsToMake"]["examples"][0]
    made = done(office.post(f"/v1/codings/{coding_id}/decisions", decisions))
    fits("/v1/codings/{coding_id}/decisions", "post", "201", made)
    fits("/v1/codings/{coding_id}/close", "post", "200", done(office.close(coding_id)))
    listed = done(office.get(f"/v1/narratives/{narrative_id}/codings"))
    fits("/v1/narratives/{narrative_id}/codings", "get", "200", listed)
