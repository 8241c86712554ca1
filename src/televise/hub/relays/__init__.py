"""Relays: a channel that is another hub's, by WebSocket links."""
