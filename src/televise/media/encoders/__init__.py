"""Encoders: frames in, packets and the track that describes them out."""
