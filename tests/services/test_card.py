"""The model card: complete, the same bytes for the same bundle, made from its folder alone."""

import json
import re
import shutil
import sys

import pytest

from coding_service.errors import BundleError, NotFoundError
from coding_service.services.card import render_card
from coding_service.services.recipes import Recipe
from coding_service.services.training import NamedCorpus, train
from coding_service.suggesters.bundle import verify_bundle, write_bundle
from tests.suggesters.narratives import make_corpus, make_taxonomy

HEADINGS = [
    "# Model card: tiny",
    "## Intended use",
    "## Not intended",
    "## Taxonomy",
    "## Trained on",
    "## How it was measured",
    "## Figures",
    "## Calibration and curves",
    "## Per code",
    "## Limits",
    "## How it was made",
]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    recipe = Recipe(
        name="tiny", description="For tests.", suggester="lexical", folds=3, limits=("Invented by nobody.",)
    )
    trained = train(recipe, [NamedCorpus("small", tuple(make_corpus()))], make_taxonomy())
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    write_bundle(trained.bundle, folder, trained.metrics, render_card)
    return folder


@pytest.fixture
def folder(written, tmp_path):
    return shutil.copytree(written, tmp_path / "tiny")


def table(card, heading):
    """Give the cells of the first table under a heading, without its head."""
    rows = [line for line in card.split(heading)[1].split("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_it_has_every_section_in_order(folder):
    card = (folder / "README.md").read_text()
    assert [line for line in card.splitlines() if line.startswith("#")] == HEADINGS


def test_it_tells_what_the_bundle_tells(folder):
    """Guarantee: corpora, figures and codes in the card are those of bundle.json and metrics.json."""
    card = (folder / "README.md").read_text()
    manifest, metrics = (json.loads((folder / name).read_text()) for name in ("bundle.json", "metrics.json"))
    (corpus,) = manifest["corpora"]
    assert table(card, "## Trained on") == [["small", "48", "24", f"`{corpus['fingerprint'][:16]}`"]]
    figures = metrics["cross_validation"]
    first = table(card, "## Figures")[0]
    assert first[0] == "cross-validation"
    micro = figures["micro"]
    assert first[3] == f"{micro['point']:.3f} ({micro['low']:.3f}, {micro['high']:.3f})"
    assert first[-1] == f"{figures['ece']:.3f}"
    codes = table(card, "## Per code")
    assert [row[1] for row in codes] == [f"`{code}`" for code in make_taxonomy().code_ids]
    assert (
        [int(row[2]) for row in codes] == [int(row[3]) for row in codes] == [row["support"] for row in figures["codes"]]
    )
    assert "`small` 1.0.0" in card
    assert "For tests." in card


def test_it_tells_which_scores_came_with_the_encoder(folder):
    assert "came with it" not in (folder / "README.md").read_text()
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["cross_validation"]["remembered"] = 12
    (folder / "metrics.json").write_text(json.dumps(metrics))
    render_card(folder)
    assert "12 narratives, on which the encoder had been tuned, count" in (folder / "README.md").read_text()


def test_it_tells_its_limits(folder):
    limits = (folder / "README.md").read_text().split("## Limits")[1].split("\n## ")[0]
    for said in ("Invented by nobody.", "not prevalence", "never decides", "few examples", "readers"):
        assert said in limits


def test_a_code_that_was_never_seen_has_dashes(folder):
    rare = table((folder / "README.md").read_text(), "## Per code")[-1]
    assert rare[0] == "Rare"
    assert rare[6] == "–"


def test_it_is_made_again_from_the_folder_alone(folder):
    """Guarantee: card and plots come back byte for byte, and the bundle still verifies."""
    files = [folder / "README.md", folder / "plots" / "reliability.svg", folder / "plots" / "precision-recall.svg"]
    before = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
    render_card(folder)
    assert [file.read_bytes() for file in files] == before
    verify_bundle(folder)


def test_plots_carry_no_date_and_are_linked(folder):
    card = (folder / "README.md").read_text()
    for link in re.findall(r"!\[[^]]+\]\(([^)]+)\)", card):
        plot = (folder / link).read_text()
        assert plot.startswith("<?xml")
        assert "dc:date" not in plot
    assert card.count("![") == 2


def test_without_matplotlib_it_says_that_plots_are_missing(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    render_card(folder)
    card = (folder / "README.md").read_text()
    assert "![" not in card
    assert "io-coding[train]" in card


def test_a_bar_in_a_name_does_not_break_a_table(folder):
    taxonomy = json.loads((folder / "taxonomy.json").read_text())
    taxonomy["codes"][1]["name"] = "Support | Help"
    (folder / "taxonomy.json").write_text(json.dumps(taxonomy))
    render_card(folder)
    assert "| Support \\| Help | `support` |" in (folder / "README.md").read_text()


def test_what_is_no_bundle_has_no_card(tmp_path):
    with pytest.raises(NotFoundError):
        render_card(tmp_path)


def test_a_bundle_without_figures_has_no_card(folder):
    (folder / "metrics.json").unlink()
    with pytest.raises(BundleError, match="cannot be written"):
        render_card(folder)
