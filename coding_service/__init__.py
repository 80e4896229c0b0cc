"""Codes the narratives of child-welfare critical-incident reviews and learns from what people decide."""

__version__ = "0.1.0"
