"""Ids of rows drawn from a seed, so that a simulated year comes out the same twice; a real store draws them at random."""

import random
from collections.abc import MutableMapping
from dataclasses import fields
from typing import Any

from sqlalchemy import event

from coding_service.store.rows import Row


def seed_ids(seed: int) -> None:
    """Give every row that this process makes from now on an id of the seed: the queue hands out in the order of ids."""
    draws = random.Random(f"ids {seed}")

    def give_id(_row: Row, _: tuple[Any, ...], columns: MutableMapping[str, Any]) -> None:
        if not isinstance(columns.get("id"), str):  # a dataclass hands its factory on, in place of an id
            columns["id"] = f"{draws.getrandbits(128):032x}"

    for mapper in Row.registry.mappers:
        if any(column.name == "id" and column.init for column in fields(mapper.class_)):
            event.listen(mapper.class_, "init", give_id)
