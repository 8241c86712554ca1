"""Bytes to packets and back: pure functions, one format per file, no I/O."""
