"""The checks. Each file has one: its NAME, and `examine`, which gives what it found."""
