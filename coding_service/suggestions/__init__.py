"""What a suggester says about narratives: score arrays inside, one JSON object per narrative at the edge."""

from coding_service.suggestions.render import Envelope, Limits, render
from coding_service.suggestions.scores import Scores

__all__ = ["Envelope", "Limits", "Scores", "render"]
