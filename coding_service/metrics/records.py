"""Turns result dataclasses into plain values that any JSON writer accepts."""

import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def as_json(value: Any) -> Any:
    """Plain copy of a result, with None for every number that is not finite.

    Parameters
    ----------
    value : Any
        A dataclass instance, mapping, sequence, numpy scalar or plain value, nested at will.

    Returns
    -------
    Any
        Dicts with string keys, lists, strings, booleans, numbers and None.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_dataclass(value):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return value
