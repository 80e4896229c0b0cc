"""Use cases: each function does one thing that a user asks for, in one transaction where the store takes part."""
