"""A hostile crowd: many viewers of a hub, some of them bad ones, and what each of them got."""
