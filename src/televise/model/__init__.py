"""Pure nouns: packets, logs, renditions, clocks. No I/O and no clock of their own."""
