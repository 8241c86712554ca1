"""What a channel answers, one wire format per file."""
