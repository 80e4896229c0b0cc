"""A taxonomy in memory: codes in order, the tree that their parents make, and the hash that names its content."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property

from coding_service.errors import NotFoundError, TaxonomyError


@dataclass(frozen=True)
class Code:
    """One node of a taxonomy.

    Parameters
    ----------
    id : str
        Unique in its taxonomy; its form is free and means nothing.
    name : str
        What people read.
    parent : str or None
        Id of the node above, None at the top.
    selectable : bool
        Whether a narrative can carry it; groups such as domains cannot.
    definition : str
        When to use it.
    include, exclude : tuple of str
        Notes on what belongs and what does not.
    examples, counter_examples : tuple of str
        Short phrases that deserve it, and that only look so.
    """

    id: str
    name: str
    parent: str | None = None
    selectable: bool = True
    definition: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    counter_examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taxonomy:
    """A released version of a tree of codes.

    Parameters
    ----------
    id, version, title : str
        Name, semantic version and title.
    codes : tuple of Code
        Every node, groups included, in the order of the file.
    description, licence, source : str
        Provenance, for people.
    rules : tuple of str
        Rules for coders that hold for all codes.

    Raises
    ------
    TaxonomyError
        If two codes share an id, a parent is missing, or parents form a cycle.
    """

    id: str
    version: str
    title: str
    codes: tuple[Code, ...]
    description: str = ""
    licence: str = ""
    source: str = ""
    rules: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse a tree that is not one."""
        seen: set[str] = set()
        for code in self.codes:
            if code.id in seen:
                raise TaxonomyError(
                    f"Code {code.id!r} stands twice in taxonomy {self.id!r}.", hint="Give each code its own id."
                )
            seen.add(code.id)
        for code in self.codes:
            self._check_parents(code)

    def _check_parents(self, code: Code) -> None:
        above, node = {code.id}, code
        while node.parent is not None:
            if node.parent not in self.nodes:
                raise TaxonomyError(
                    f"Code {node.id!r} names the parent {node.parent!r}, which taxonomy {self.id!r} does not have.",
                    hint="Add the parent, or correct its id.",
                )
            if node.parent in above:
                raise TaxonomyError(
                    f"The parents of code {code.id!r} form a cycle through {node.parent!r}.",
                    hint="Let one of them have no parent.",
                )
            above.add(node.parent)
            node = self.nodes[node.parent]

    @cached_property
    def nodes(self) -> Mapping[str, Code]:
        """Every node by id, groups included."""
        return {code.id: code for code in self.codes}

    @cached_property
    def code_ids(self) -> tuple[str, ...]:
        """Ids of the selectable codes, in order; column *j* of every score matrix is ``code_ids[j]``."""
        return tuple(code.id for code in self.codes if code.selectable)

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Column of each selectable code."""
        return {code_id: column for column, code_id in enumerate(self.code_ids)}

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """Ids directly below each node, in order."""
        below: dict[str, list[str]] = {code.id: [] for code in self.codes}
        for code in self.codes:
            if code.parent is not None:
                below[code.parent].append(code.id)
        return {code_id: tuple(ids) for code_id, ids in below.items()}

    def get(self, code_id: str) -> Code:
        """Give the node of an id.

        Raises
        ------
        NotFoundError
            If the taxonomy has no such node.
        """
        try:
            return self.nodes[code_id]
        except KeyError:
            raise NotFoundError(
                f"Taxonomy {self.id!r} {self.version} has no code {code_id!r}.",
                hint="Run `io-coding taxonomy show` for its codes.",
            ) from None

    def ancestors(self, code_id: str) -> tuple[str, ...]:
        """Ids above a node, nearest first, groups included."""
        above: list[str] = []
        parent = self.get(code_id).parent
        while parent is not None:
            above.append(parent)
            parent = self.nodes[parent].parent
        return tuple(above)

    def themes(self, code_id: str) -> tuple[str, ...]:
        """Give the selectable ids above a code, nearest first: those that a present code makes present."""
        return tuple(above for above in self.ancestors(code_id) if self.nodes[above].selectable)

    def sub_themes(self, code_id: str) -> tuple[str, ...]:
        """Give the selectable ids anywhere below a node."""
        found: list[str] = []
        for child in self.children[code_id]:
            if self.nodes[child].selectable:
                found.append(child)
            found.extend(self.sub_themes(child))
        return tuple(found)

    def path(self, code_id: str) -> tuple[str, ...]:
        """Names from the top down to the code itself."""
        return (*(self.nodes[above].name for above in reversed(self.ancestors(code_id))), self.get(code_id).name)

    @cached_property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """Pairs (column of a sub-theme, column of its nearest selectable theme), deepest first."""
        pairs = [(len(self.themes(code_id)), code_id) for code_id in self.code_ids if self.themes(code_id)]
        ordered = sorted(pairs, key=lambda pair: -pair[0])
        return tuple((self.index[code_id], self.index[self.themes(code_id)[0]]) for _, code_id in ordered)

    @cached_property
    def sha256(self) -> str:
        """Hash of the whole content, independent of the layout of the file it came from."""
        content = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()
