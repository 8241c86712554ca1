"""NATS: a channel that is another hub's, over a bus."""
