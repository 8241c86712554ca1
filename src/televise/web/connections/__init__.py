"""Connections: sockets, how many there may be, and how bytes get into them."""
