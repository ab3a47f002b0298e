"""Writes an expanded network as a plain source: every parameter bound, no derivation."""

from seqdsl.semantic.writing.reference import Unwritable
from seqdsl.semantic.writing.source import plain_sources

__all__ = ["Unwritable", "plain_sources"]
