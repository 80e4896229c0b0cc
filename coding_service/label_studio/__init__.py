"""Label Studio: its labelling config, what its JSON means in our words, and the client that talks to it."""
