"""Passthrough: a source's own packets, brought to the one form in which we keep them."""
