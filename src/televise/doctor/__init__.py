"""What is wrong on this machine, or between source, hub, proxy and browser: one check per file."""
