"""Try the seeds of every fuzz target and all that is kept in `corpus`: `python -m fuzz.replay`."""

from importlib import import_module

from fuzz.harness import kept
from fuzz.run import TARGETS
from televise.errors import FormatError


def main() -> None:
    for name in TARGETS:
        module = import_module(f"fuzz.fuzz_{name}")
        inputs = [*module.seeds(), *kept(name)]
        for data in inputs:
            try:
                module.target(data)
            except FormatError:
                continue
            except BaseException:
                print(f"{name}: {data.hex()}")
                raise
        print(f"{name}: {len(inputs)} inputs", flush=True)


if __name__ == "__main__":
    main()
