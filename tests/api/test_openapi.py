"""The description of the API: complete, true, and shown by a page that loads nothing from elsewhere."""

import re

import jsonschema
import pytest

from coding_service.api.app import create_app
from coding_service.bootstrap import build
from coding_service.settings import Settings

DESCRIPTION = create_app(build(Settings(database="sqlite:////nowhere/store.sqlite"))).openapi()
OPERATIONS = [
    (method, path, operation) for path, methods in DESCRIPTION["paths"].items() for method, operation in methods.items()
]
IDS = [f"{method} {path}" for method, path, _ in OPERATIONS]
SCHEMAS = DESCRIPTION["components"]["schemas"]


def check(value, schema):
    jsonschema.validate(value, {**schema, "components": {"schemas": SCHEMAS}}, cls=jsonschema.Draft202012Validator)


def resolve(schema):
    return SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_examples_run(client, method, path, operation):
    """Guarantee: each route, called by its own examples, answers what its schema says."""
    for parameter in operation.get("parameters", ()):
        assert parameter["in"] == "path"
        path = path.replace(f"{{{parameter['name']}}}", parameter["schema"]["examples"][0])
    bodies = [None]
    if "requestBody" in operation:
        bodies = resolve(operation["requestBody"]["content"]["application/json"]["schema"])["examples"]
    for body in bodies:
        answer = client.request(method, path, json=body)
        assert answer.status_code == 200
        content = operation["responses"]["200"]["content"]
        media_type = answer.headers["content-type"].partition(";")[0]
        assert media_type in content
        if media_type == "application/json":
            check(answer.json(), content[media_type]["schema"])


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_operation_is_described(method, path, operation):
    """Guarantee: each route has a summary, a text, a tag, and its problems; those under /v1 name the key."""
    assert operation["summary"]
    assert operation["description"]
    assert set(operation["tags"]) <= {tag["name"] for tag in DESCRIPTION["tags"]}
    assert bool(operation.get("security")) == path.startswith("/v1/")
    for status, answer in operation["responses"].items():
        if status != "200":
            assert list(answer["content"]) == ["application/problem+json"]


@pytest.mark.parametrize(
    ("name", "field", "schema"),
    [
        (name, field, schema)
        for name, fields in SCHEMAS.items()
        for field, schema in fields.get("properties", {}).items()
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_fields_have_examples(name, field, schema):
    """Guarantee: each plain field is described and has an example that fits it."""
    kinds = [schema, *schema.get("anyOf", ()), *schema.get("allOf", ())]
    if "$ref" in str(schema):
        return
    assert schema.get("description"), f"describe {name}.{field}"
    examples = [example for kind in kinds for example in kind.get("examples", ())]
    assert examples, f"give {name}.{field} an example"
    for example in examples:
        check(example, schema)


def test_problem_fits_its_schema(client):
    check(client.get("/v1/bundles/nope").json(), SCHEMAS["Problem"])
    check(client.post("/v1/suggestions", json={}).json(), SCHEMAS["Problem"])


def test_page_loads_only_from_here(client):
    """Guarantee: the page names no other host, all that it loads is served, and its policy forbids the rest."""
    page = client.get("/docs")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) == 4
    for link in loaded:
        assert "//" not in link
        assert client.get(f"/{link}").status_code == 200
    assert "<script>" not in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert client.get("/").url.path == "/docs"
