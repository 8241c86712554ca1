"""Place: a key of a file, and what is wrong with what stands there."""

from dataclasses import dataclass, field, replace

from televise.config.lines import key_at, line_of, lines
from televise.errors import InputError
from televise.model.printable import printable

# What tomllib says of a key or a table that is there already.
_TWICE = ("Cannot overwrite", "Cannot declare")


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
        return InputError(printable(text))


def parse_toml(file: str, text: str) -> dict[str, object]:
    """What ``text`` says. InputError with the line."""
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).partition(" (at ")
        line = place.removeprefix("line ").partition(",")[0]
        number = int(line) if line.isdecimal() else len(text.splitlines())
        wrong = f"{reason[:1].lower()}{reason[1:]}"
        right = 'write TOML, as in host = "127.0.0.1" or port = 8080'
        if reason.startswith(_TWICE) and (path := key_at(text, number)):
            before = line_of(text, path)
            wrong = f"{'.'.join(path)}: it stands on line {before} already"
            right = "write it once"
        raise InputError(printable(f"{file}:{number}: {wrong}: {right}")) from None
    except RecursionError:
        raise InputError(f"{file}:1: too many brackets inside each other: it needs few") from None
