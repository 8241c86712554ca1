"""Sections of docs/performance.md: from what a benchmark printed to Markdown."""
