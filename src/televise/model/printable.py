"""Printable: texts of others, such as names of files, as part of one line."""


def printable(text: str) -> str:
    """With everything escaped that is none: ends of lines, and bytes that are no UTF-8."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
