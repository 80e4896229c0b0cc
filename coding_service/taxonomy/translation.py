"""Labels given in one version of a taxonomy, read in another: pure, three-valued, and made to be put in a chain.

What was not judged in the old version is unknown in the new one, never absent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

from coding_service.taxonomy.crosswalk import Crosswalk
from coding_service.taxonomy.model import Taxonomy

Label = Literal["present", "absent", "unknown"]

NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Source:
    """What tells the label of a new code; made by ``Source.of``, so that equal meanings are equal.

    Parameters
    ----------
    exact : frozenset of str
        Old codes that are part of it: it is present where one of them is.
    within : frozenset of str
        Old codes that cover a part of it: that part is absent where they are, and unknown where they are not.
    open : bool
        Whether there is a part that nothing is known of, so that it is never absent.
    """

    exact: frozenset[str] = NOBODY
    within: frozenset[str] = NOBODY
    open: bool = False

    @classmethod
    def of(cls, exact: Iterable[str] = (), within: Iterable[str] = (), *, open_part: bool = False) -> Self:
        """Make a source of any parts; without any it is open."""
        parts, covers = frozenset(exact), frozenset(within)
        unknown = open_part or not parts | covers
        return cls(parts, NOBODY if unknown else covers - parts, unknown)

    def label(self, labels: Mapping[str, Label]) -> Label:
        """Give the label of the new code, by those of the old ones; an old code without a label is unknown."""
        if any(labels.get(code) == "present" for code in self.exact):
            return "present"
        known = not self.open and all(labels.get(code) == "absent" for code in self.exact | self.within)
        return "absent" if known else "unknown"


@dataclass(frozen=True)
class Translation:
    """From the codes of one version to those of another.

    Parameters
    ----------
    old, new : Taxonomy
        The versions; there may be others between them.
    sources : mapping of str to Source
        One for each selectable code of the new version, in its order.
    """

    old: Taxonomy
    new: Taxonomy
    sources: Mapping[str, Source]

    @classmethod
    def identity(cls, taxonomy: Taxonomy) -> Self:
        """Leave everything as it is."""
        return cls(taxonomy, taxonomy, {code: Source.of({code}) for code in taxonomy.code_ids})

    @classmethod
    def by(cls, crosswalk: Crosswalk, old: Taxonomy, new: Taxonomy) -> Self:
        """Translate as a crosswalk says that was checked against both versions."""
        parts = {code: [Source.of({code})] for code in crosswalk.kept(old, new)}
        for entry in crosswalk.changes:
            exact = () if entry.kind in ("split", "add") else entry.old
            within = () if entry.within is None else (entry.within,)
            for code in entry.new:
                parts.setdefault(code, []).append(Source.of(exact, within))
        return cls(old, new, {code: _joined(parts[code]) for code in new.code_ids})

    def then(self, later: "Translation") -> "Translation":
        """Translate on, by another translation that begins where this one ends."""
        sources = {}
        for code, source in later.sources.items():
            exact = [self.sources[part] for part in source.exact]
            within = [self.sources[part] for part in source.within]
            covers = [part.exact | part.within for part in within] + [part.within for part in exact]
            sources[code] = Source.of(
                NOBODY.union(*(part.exact for part in exact)),
                NOBODY.union(*covers),
                open_part=source.open or any(part.open for part in exact + within),
            )
        return Translation(self.old, later.new, sources)

    def labels(self, labels: Mapping[str, Label]) -> dict[str, Label]:
        """Translate the labels of one narrative; the hierarchy of the new version is left to the caller.

        Parameters
        ----------
        labels : mapping of str to str
            By code of the old version; closed under its hierarchy.

        Returns
        -------
        dict of str to str
            One for each selectable code of the new version, in its order.
        """
        return {code: source.label(labels) for code, source in self.sources.items()}

    @cached_property
    def same(self) -> Mapping[str, str]:
        """Old codes that became one new code and nothing else, with that: under another name, the same code."""
        return {
            next(iter(source.exact)): code
            for code, source in self.sources.items()
            if len(source.exact) == 1 and not source.within and not source.open
        }

    @cached_property
    def becomes(self) -> Mapping[str, tuple[str, ...]]:
        """Give, for each old code that is part of new ones, those; what is said of it is said of them if present."""
        found: dict[str, list[str]] = {}
        for code, source in self.sources.items():
            for part in source.exact:
                found.setdefault(part, []).append(code)
        return {part: tuple(codes) for part, codes in found.items()}


def _joined(parts: Iterable[Source]) -> Source:
    every = list(parts)
    return Source.of(
        NOBODY.union(*(part.exact for part in every)),
        NOBODY.union(*(part.within for part in every)),
        open_part=any(part.open for part in every),
    )
