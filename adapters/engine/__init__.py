"""The engine: everything that is decided passes through it, in batches (ADR 0003)."""

from adapters.engine.engine import Engine

__all__ = ["Engine"]
