"""Writes an expanded network as a plain source: every parameter bound, no derivation."""

from seqdsl.semantic.plain.reference import Unwritable
from seqdsl.semantic.plain.source import plain_sources

__all__ = ["Unwritable", "plain_sources"]
