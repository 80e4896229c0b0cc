"""Simulated people: they overlook codes, see codes that are not there, and lean on what they are shown."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coding_service.corpus import CodedNarrative
from coding_service.corpus.labels import PRESENT, UNKNOWN, label_matrix
from coding_service.taxonomy import Taxonomy

Truth = Mapping[str, int]
"""What holds of one narrative, by code: 1 present, 0 absent, -1 unknown."""

SUGGESTED = "suggested"
"""The band that pulls; what is only possible does not."""

MISSES = 0.1, 0.3
"""Range of the share of present codes that a reviewer overlooks; each code has its own."""
ADDS = 0.1, 0.2
"""Range of codes seen where they are not, for each one that is present in the corpus."""
FOLLOWS = 0.15, 0.35
"""Range of the share of suggestions that a reviewer takes as they stand."""
TRUSTS_SILENCE = 0.1, 0.25
"""Range of the share of codes that a reviewer would have found, and does not look for since nothing suggests them."""
MARKS = 0.6
"""Share of present codes for which a reviewer marks the evidence."""
RULES_WRONGLY = 0.05
"""Share of disputed codes that the adjudicator gets wrong."""


@dataclass(frozen=True)
class Luck:
    """Chance in one coding.

    Parameters
    ----------
    own : random.Random
        What one person sees and overlooks.
    text : random.Random
        How plausible a wrong suggestion sounds, and how easily what nothing suggests is passed over. That lies in the
        text: all who are shown the same are pulled the same way, which is why they agree more than they should.
    """

    own: random.Random
    text: random.Random


@dataclass(frozen=True)
class Reviewer:
    """How one person codes.

    Parameters
    ----------
    name : str
        The part of their e-mail address before the @.
    misses, adds : mapping of str to float
        For each code: how likely it is overlooked where it holds, and seen where it does not.
    follows, trusts_silence : float
        How much suggestions pull; see `FOLLOWS` and `TRUSTS_SILENCE`.
    """

    name: str
    misses: Mapping[str, float]
    adds: Mapping[str, float]
    follows: float
    trusts_silence: float

    def code(self, truth: Truth, bands: Mapping[str, str] | None, taxonomy: Taxonomy, luck: Luck) -> dict[str, str]:
        """Code one narrative.

        Parameters
        ----------
        truth : Truth
            What holds.
        bands : mapping of str to str or None
            Band of each code that the person is shown; None for whoever codes blind.
        taxonomy : Taxonomy
            Whose codes there are.
        luck : Luck
            Chance; as many numbers are drawn blind as shown, so that the two differ by what was shown alone.

        Returns
        -------
        dict of str to str
            A verdict for each suggestion, and for each code that the person sees or is unsure of.
        """
        shown = bands or {}
        seen: dict[str, bool] = {}
        for code, label in truth.items():
            notices, follows, stops_looking = luck.own.random(), luck.text.random(), luck.text.random()
            seen[code] = notices >= self.misses[code] if label == PRESENT else notices < self.adds[code]
            if bands is not None and shown.get(code) == SUGGESTED:
                seen[code] |= follows < self.follows
            elif bands is not None and code not in shown:
                seen[code] &= stops_looking >= self.trusts_silence
        for code in [code for code, was_seen in seen.items() if was_seen]:
            seen.update(dict.fromkeys(taxonomy.themes(code), True))
        verdicts = {code: "accept" if code in shown else "add" for code, was_seen in seen.items() if was_seen}
        verdicts |= {code: "reject" for code, band in shown.items() if band == SUGGESTED and not seen[code]}
        return verdicts | {code: "unsure" for code, label in truth.items() if label == UNKNOWN and code not in verdicts}


def hire(n_reviewers: int, narratives: Sequence[CodedNarrative], taxonomy: Taxonomy, seed: int) -> list[Reviewer]:
    """Draw reviewers: what they see wrongly are rather the codes that are frequent."""
    shares = (label_matrix(narratives, taxonomy) == PRESENT).mean(axis=0).tolist()
    people = []
    for number in range(1, n_reviewers + 1):
        draws = random.Random(f"reviewer {number} {seed}")
        misses = {code: draws.uniform(*MISSES) for code in taxonomy.code_ids}
        adds = {code: share * draws.uniform(*ADDS) for code, share in zip(taxonomy.code_ids, shares, strict=True)}
        pulled = draws.uniform(*FOLLOWS), draws.uniform(*TRUSTS_SILENCE)
        people.append(Reviewer(f"reviewer-{number}", misses, adds, *pulled))
    return people


def rule(label: int, draws: random.Random) -> str:
    """Give the adjudicator's word on a disputed code."""
    if label == UNKNOWN:
        return "unknown"
    return "present" if (label == PRESENT) != (draws.random() < RULES_WRONGLY) else "absent"
