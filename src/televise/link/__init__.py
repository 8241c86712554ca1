"""What crosses a process boundary: one protocol, several carriers."""
