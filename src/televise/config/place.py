"""Place: a key of a file, and what is wrong with what stands there."""

from dataclasses import dataclass, field, replace

from televise.config.lines import line_of, lines
from televise.errors import InputError


@dataclass(frozen=True)
class Place:
    """The key at ``path`` of the file that is shown as ``file`` and holds ``text``."""

    file: str
    text: str = field(repr=False)
    path: tuple[str, ...] = ()

    def at(self, *keys: str) -> "Place":
        """A key below this one."""
        return replace(self, path=(*self.path, *keys))

    @property
    def is_there(self) -> bool:
        """Whether the file has it."""
        return self.path in lines(self.text)

    def error(self, message: str) -> InputError:
        """One line: file, line, key, and the ``message``."""
        key = f" {'.'.join(self.path)}:" if self.path else ""
        text = f"{self.file}:{line_of(self.text, self.path)}:{key} {message}"
        # Keys and texts of a file may have lines of their own.
        return InputError(
            "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
        )


def parse_toml(file: str, text: str) -> dict[str, object]:
    """What ``text`` says. InputError with the line."""
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).partition(" (at ")
        line = place.removeprefix("line ").partition(",")[0]
        number = line if line.isdecimal() else len(text.splitlines())
        raise InputError(
            f"{file}:{number}: {reason[:1].lower()}{reason[1:]}: write TOML, "
            'as in host = "127.0.0.1" or port = 8080'
        ) from None
    except RecursionError:
        raise InputError(f"{file}:1: too many brackets inside each other: it needs few") from None
