"""Algorithms that score narratives, the bundles they are kept in, and what turns scores into probabilities."""
