"""The configuration file: what it says, where it says it, and the hub that it describes."""
