"""Processes: what each of televise's processes runs."""
