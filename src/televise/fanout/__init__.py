"""Fan-out processes: several that serve the viewers of one hub, on the same ports."""
