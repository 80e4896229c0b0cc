"""A simulated year of the loop: people verify suggestions, bundles learn from it, and a picture tells how it went.

Takes a corpus apart into what trains a first bundle, reviews that come in month by month, and gold that is held out;
simulated reviewers with known error rates do the rest through the services of a real store.
Example: python training/demo_loop.py --output build/demo-loop --seed 1
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from demo.picture import draw
from demo.year import Plan, simulate

from coding_service.cli.output import Format, print_rows, say
from coding_service.cli.status import status
from coding_service.errors import CodingError
from coding_service.text_file import write_text

CORPUS = Path(__file__).parent / "corpus" / "starter.jsonl"
COLUMNS = {
    "month": "month",
    "verified": "verified",
    "blind_reviews": "blind reviews",
    "outcome": "outcome",
    "candidate_micro": "candidate micro F1",
    "candidate_macro": "macro F1",
    "served_micro": "served micro F1",
    "served_macro": "macro F1 ",
    "alpha_blind": "alpha blind",
    "alpha_shown": "alpha shown",
    "accepted_share": "accepted",
}


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=CORPUS, metavar="FILE", help="coded narratives, by io-themes")
    parser.add_argument("--output", type=Path, default=Path("build/demo-loop"), metavar="FOLDER", help="where all goes")
    parser.add_argument("--suggester", default="sentence", help="what is trained; lexical is the fast one")
    parser.add_argument("--encoder", default="build/encoder", help="a general encoder that `sentence` reads with")
    parser.add_argument("--months", type=int, default=12, help="how many months")
    parser.add_argument("--reviews", type=int, default=120, help="reviews that come in each month")
    parser.add_argument("--reviewers", type=int, default=4, help="people who code")
    parser.add_argument("--first-share", type=float, default=0.1, help="share of narratives for the first bundle")
    parser.add_argument("--blind-share", type=float, default=0.2, help="share of reviews that are coded blind")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same year")
    parser.add_argument("--no-force", action="store_true", help="promote nothing while blind reviews are too few")
    return parser.parse_args()


def main() -> int:
    asked = read_arguments()
    plan = Plan(
        corpus=asked.corpus,
        folder=asked.output / "year",
        suggester=asked.suggester,
        encoder=asked.encoder,
        months=asked.months,
        reviews=asked.reviews,
        reviewers=asked.reviewers,
        first_share=asked.first_share,
        blind_share=asked.blind_share,
        seed=asked.seed,
        force=not asked.no_force,
    )
    started = time.monotonic()
    try:
        with status() as step:
            year = simulate(plan, step=step)
        write_text(asked.output / "loop.json", json.dumps(year, indent=1) + "\n")
        write_text(asked.output / "loop.svg", draw(year))
    except CodingError as error:
        say(f"Error: {error.message}\n{error.hint}")
        return 1
    except KeyboardInterrupt:
        say("Interrupted; what earlier runs wrote is as it was.")
        return 130
    print_rows(rows(year), COLUMNS, Format.TABLE)
    print("\n".join(summary(year)))
    say(f"Wrote loop.svg and loop.json to {asked.output} in {time.monotonic() - started:.0f} seconds.")
    return 0


def rows(year: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for month in year["months"]:
        yield {
            **month,
            **{
                f"{who}_{kind}": month[who][f"{kind}_f1"]
                for who in ("candidate", "served")
                for kind in ("micro", "macro")
            },
            **{f"alpha_{how}": month["agreement"][how]["point"] for how in ("blind", "shown")},
        }


def summary(year: Mapping[str, Any]) -> Iterator[str]:
    for kind in ("micro", "macro"):
        gain, last = year["gain"][f"{kind}_f1"], year["months"][-1]["served"][f"{kind}_f1"]
        told = f"{gain['point']:+.3f} ({gain['low']:+.3f}, {gain['high']:+.3f})"
        yield f"{kind} F1 on held-out gold: {year['first'][f'{kind}_f1']:.3f} at first, {last:.3f} at last, {told}"
    problems = year["store"]["problems"]
    yield f"store: {len(problems)} problems" if problems else "store: sound"


if __name__ == "__main__":
    sys.exit(main())
