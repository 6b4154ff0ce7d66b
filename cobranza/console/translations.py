"""The texts of the console in other languages: collect them, check them, compile them.

Texts are written in Spanish where they are used; ``console/locale/<language>/LC_MESSAGES/django.po`` holds the rest,
for every room with screens. A room with a ``locale`` folder of its own (the portal: read by others, in other languages)
is a book of its own. Run ``python -m cobranza.console.translations`` after editing a ``.po``: it compiles the ``.mo``
that Django reads, and says what is missing.
"""

from __future__ import annotations

import ast
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

PACKAGE = Path(__file__).resolve().parent.parent
LOCALE = Path(__file__).resolve().parent / "locale"
_UNDATED = datetime(2000, 1, 1, tzinfo=UTC)
_FUNCTIONS = frozenset({"_", "_now", "gettext", "gettext_lazy", "ngettext"})
_CALL = re.compile(r"\b(?:n?gettext|_)\(")
Key = str | tuple[str, str]


def books() -> dict[str, Path]:
    """Rooms with translations of their own, with the folder of those; "console" holds all the other rooms'."""
    return {folder.parent.name: folder for folder in sorted(PACKAGE.glob("*/locale"))}


def messages(book: str = "console") -> dict[Key, str]:
    """Every text of a book's code and templates, with the first file that uses it; plurals as pairs."""
    found: dict[Key, str] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        if "migrations" not in file.parts and _book_of(file) == book:
            for key in _in_code(file.read_text(encoding="utf-8")):
                found.setdefault(key, file.relative_to(PACKAGE).as_posix())
    for file in sorted({*PACKAGE.glob("*/templates/**/*.html"), *PACKAGE.glob("*/*/templates/**/*.html")}):
        if _book_of(file) != book:
            continue
        for key in _in_template(file.read_text(encoding="utf-8")):
            found.setdefault(key, file.relative_to(PACKAGE).as_posix())
    return found


def _book_of(file: Path) -> str:
    room = file.relative_to(PACKAGE).parts[0]
    return room if (PACKAGE / room / "locale").is_dir() else "console"


def _in_code(text: str) -> list[Key]:
    found: list[Key] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS:
            texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            if node.func.id == "ngettext" and len(texts) == 2:
                found.append((texts[0], texts[1]))
            elif texts:
                found.append(texts[0])
    return found


def _in_template(text: str) -> list[Key]:
    found: list[Key] = []
    source = templatize(text)
    for call in _CALL.finditer(source):
        end = source.find(")", call.end())
        while end != -1:
            try:
                node = ast.parse(source[call.start() : end + 1], mode="eval").body
            except SyntaxError:
                end = source.find(")", end + 1)
                continue
            found += _in_code(ast.unparse(node))
            break
    return found


def catalog(language: str, book: str = "console") -> Catalog:
    """The translations of a book into a language."""
    with (books()[book] / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        found = read_po(file, locale=language)
    # Babel writes the hour of compiling otherwise, and equal texts would give unequal files.
    found.creation_date = found.revision_date = _UNDATED
    return found


def missing(language: str, book: str = "console") -> list[Key]:
    """Texts of a book that the language has no translation for."""
    known = catalog(language, book)
    return [key for key in messages(book) if not _translated(known, key)]


def _translated(known: Catalog, key: Key) -> bool:
    entry = known.get(key if isinstance(key, str) else key[0])
    if entry is None or entry.fuzzy:
        return False
    return bool(entry.string) if isinstance(entry.string, str) else all(entry.string or [""])


def compiled(language: str, book: str = "console") -> bytes:
    """The ``.mo`` file's content."""
    target = io.BytesIO()
    write_mo(target, catalog(language, book))
    return target.getvalue()


@click.command()
def main() -> None:
    """Compila las traducciones y dice lo que falta."""
    for book, place in books().items():
        for folder in sorted(path for path in place.iterdir() if path.is_dir()):
            (folder / "LC_MESSAGES" / "django.mo").write_bytes(compiled(folder.name, book))
            gaps = missing(folder.name, book)
            click.echo(f"{book} {folder.name}: {len(messages(book)) - len(gaps)} textos, faltan {len(gaps)}")
            for key in gaps:
                click.echo(f"  {key}")


if __name__ == "__main__":
    main()
