"""Push: a source that is read here becomes a channel of a hub elsewhere."""
