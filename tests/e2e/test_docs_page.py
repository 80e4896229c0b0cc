"""The page at /docs, in a real browser: somebody tries the API there, and nothing leaves the machine."""

import json
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.e2e

TEXT = "Contacts were never entered in the system. The baby slept on the couch with mother."


@pytest.fixture(scope="module")
def server(serve, artefacts, tmp_path_factory):
    """A server without keys and store, with the bundle that is served by default."""
    missing = tmp_path_factory.mktemp("store") / "none.sqlite"
    with serve(artefacts / "docs-server.log", database=f"sqlite:///{missing}") as address:
        yield address


@pytest.fixture
def page(browser, server, artefacts):
    """The page, once it shows the API; a picture of its end is kept."""
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
    page.requested, page.problems = [], []
    page.on("request", lambda request: page.requested.append(request.url))
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda said: page.problems.append(said.text) if said.type == "error" else None)
    page.goto(f"{server}/docs")
    yield page
    page.screenshot(path=artefacts / "docs-page.png")
    page.close()


def test_try_it_out_shows_codes(page, server):
    """Guarantee: a narrative sent by the page comes back with codes, and no other host was asked for anything."""
    operation = page.locator("#operations-suggestions-suggest_codes")
    operation.locator(".opblock-summary").click()
    body = operation.locator("textarea.body-param__text")
    body.fill(json.dumps({"narratives": [{"id": "e2e/1", "text": TEXT}]}))
    with page.expect_response(f"{server}/v1/suggestions") as sent:
        operation.get_by_role("button", name="Execute").click()
    assert sent.value.status == 200
    shown = operation.locator(".live-responses-table .response-col_description pre").first
    shown.scroll_into_view_if_needed()
    (result,) = json.loads(shown.inner_text())["results"]
    assert result["id"] == "e2e/1"
    codes = {found["code"]: found for found in result["suggestions"] if found["band"] == "suggested"}
    assert {"professional.documentation", "family.safe_sleep"} <= set(codes)
    quotes = [TEXT[span["start"] : span["end"]] for span in codes["family.safe_sleep"]["evidence"]]
    assert any("couch" in quote for quote in quotes)
    assert {urlsplit(address).netloc for address in page.requested if not address.startswith("data:")} == {
        urlsplit(server).netloc
    }
    assert page.problems == []
