"""What the fault runs share: how many rounds they go, and how they tell their figures."""

import os
import sys

import pytest

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "2"))


@pytest.fixture
def tell(capfd):
    """Print figures of a run though it passes."""

    def show(line):
        with capfd.disabled():
            sys.stdout.write(f"\n{line}\n")
            sys.stdout.flush()

    return show
