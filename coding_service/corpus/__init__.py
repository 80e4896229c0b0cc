"""Coded narratives: the exchange file, its three-valued labels, and checks over a whole corpus."""

from coding_service.corpus.narrative import CodedNarrative, Span

__all__ = ["CodedNarrative", "Span"]
