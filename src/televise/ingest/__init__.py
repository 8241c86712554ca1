"""Publishers that come to us: one file for each protocol."""
