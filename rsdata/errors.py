"""Every error that a user can cause, in one tree.

    RsdataError
      BadSource       a dataset folder is not what its reader looks for
        UnknownLayout   it has another tree
      BadAnnotation   one annotation file or line cannot be understood
      BadImage        an image or mask cannot be opened, or is not what was promised
      BadRecipe       a recipe, or a parameter of a stage, is wrong
      BadCorpus       a corpus directory is missing, damaged, or of another version
      MissingExtra    an optional package is not installed
      ServiceError    an outside service failed
      Conservation    a stage lost or invented an image or object: a bug, and never let through

The command line prints the message of an RsdataError as one line and ends with exit code 1. Each message says
what was found, where, what was wanted and what to do next.
"""

from __future__ import annotations

from pathlib import Path


class RsdataError(Exception):
    """Base of all errors that have a one-line explanation."""


class BadSource(RsdataError):
    """A dataset folder does not look as its reader needs it."""


class UnknownLayout(BadSource):
    """A folder without what its reader looks for. `reader` and `root` are filled in by who knows them, so that the
    command line can show the wanted tree beside what is there."""

    reader: str = ""
    root: Path | None = None


class BadAnnotation(RsdataError):
    """One annotation cannot be understood. `line` is 1-based; 0 means the file as a whole."""

    def __init__(self, path: str | Path, line: int, problem: str) -> None:
        self.path, self.line, self.problem = str(path), line, problem
        super().__init__(f"{path}:{line}: {problem}" if line else f"{path}: {problem}")

    def __reduce__(self) -> tuple[type[BadAnnotation], tuple[str, int, str]]:
        return type(self), (self.path, self.line, self.problem)


class BadImage(RsdataError):
    """An image or mask cannot be read. `reason` is the short code under which the drop is counted."""

    def __init__(self, path: str | Path, reason: str, problem: str) -> None:
        self.path, self.reason, self.problem = str(path), reason, problem
        super().__init__(f"{path}: {problem}")

    def __reduce__(self) -> tuple[type[BadImage], tuple[str, str, str]]:
        return type(self), (self.path, self.reason, self.problem)


class BadRecipe(RsdataError):
    """A recipe or a stage's parameter is wrong."""


class BadCorpus(RsdataError):
    """A corpus directory is missing, incomplete, or written by another version."""


class MissingExtra(RsdataError):
    """An optional package is needed and absent."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        self.package, self.extra, self.purpose = package, extra, purpose
        super().__init__(f"{purpose} needs the package {package}: pip install 'rsdata[{extra}]'")

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str, str, str]]:
        return type(self), (self.package, self.extra, self.purpose)


class ServiceError(RsdataError):
    """A service outside this process failed; trying again later may help."""


class Conservation(RsdataError):
    """A stage's images or objects do not add up: in + made != out + dropped."""
