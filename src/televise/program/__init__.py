"""The side of a Python program: its frames become channels."""
