"""The shape of every value in the domain: an immutable record."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")

# A frozen dataclass pays for its freedom from writes in every constructor call (about three times the time), and orders make
# thousands of records a second. So mypy refuses every write to a record, and Python's development mode, which the tests run
# in (`python -X dev`), refuses it at run time too; only production trusts the checker.
FROZEN_AT_RUN_TIME = sys.flags.dev_mode


@dataclass_transform(frozen_default=True, kw_only_default=False)
def record(cls: type[T]) -> type[T]:
    """Make `cls` an immutable, slotted dataclass."""
    make: Callable[[type[Any]], type[Any]] = dataclass(frozen=FROZEN_AT_RUN_TIME, slots=True, unsafe_hash=not FROZEN_AT_RUN_TIME)
    return make(cls)
