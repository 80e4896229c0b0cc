"""The command line: it parses, calls one service function and renders; no rule of the domain lives here."""
