"""The HTTP service: routes parse, call one service function and answer; no rule of the domain lives here."""
