"""Several surveys of one site: which is the current one, which are retired (``<site>/tiles3d/surveys.json``).

Without a word of a person the newest survey that is not retired is current. A retired one stays on disk and at its
address but leaves the list; deleting removes it.
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from pydantic import BaseModel

from tiles.tiles3d import store
from tiles.tiles3d.errors import BrokenFile
from tiles.tiles3d.manifest import Manifest


class Choice(BaseModel):
    """What a person has decided."""

    current: str = ""
    retired: list[str] = []


def _file(sites: Path, site: str) -> Path:
    return sites / site / "tiles3d" / "surveys.json"


def choice(sites: Path, site: str) -> Choice:
    """The decisions for a site; none where nobody has decided.

    Raises:
        BrokenFile: surveys.json is not readable.
    """
    try:
        return Choice.model_validate_json(_file(sites, site).read_bytes())
    except FileNotFoundError:
        return Choice()
    except ValueError as error:
        raise BrokenFile("surveys.json", f"is not readable: {type(error).__name__}") from error


def _write(sites: Path, site: str, made: Choice) -> None:
    temp = _file(sites, site).with_name(f".surveys.{os.getpid()}.{secrets.token_hex(4)}")
    temp.write_text(made.model_dump_json(indent=1) + "\n", encoding="utf-8")
    temp.replace(_file(sites, site))


def of_site(sites: Path, site: str) -> list[tuple[str, Manifest]]:
    """(tileset, manifest) of a site's finished surveys, newest first."""
    found = [(name, card) for own, name, card in store.list_manifests(sites) if own == site]
    return sorted(found, key=lambda f: (str(f[1].date or f[1].imported_at.date()), f[1].imported_at), reverse=True)


def current(sites: Path, site: str) -> str:
    """The tileset that is shown and asked when nobody names one; empty when the site has none."""
    made = choice(sites, site)
    names = [name for name, _ in of_site(sites, site) if name not in made.retired]
    return made.current if made.current in names else next(iter(names), "")


def folder_of(sites: Path, site: str, tileset: str) -> Path:
    """Folder of a tileset, or of the current one.

    Raises:
        TilesetNotFound.
    """
    return store.tileset_folder(sites, site, tileset or current(sites, site))


def make_current(sites: Path, site: str, tileset: str) -> None:
    """Show this one from now on; brings a retired one back."""
    store.tileset_folder(sites, site, tileset)
    made = choice(sites, site)
    _write(sites, site, Choice(current=tileset, retired=[r for r in made.retired if r != tileset]))


def retire(sites: Path, site: str, tileset: str) -> None:
    """Take it off the list; its files stay."""
    store.tileset_folder(sites, site, tileset)
    made = choice(sites, site)
    kept = "" if made.current == tileset else made.current
    _write(sites, site, Choice(current=kept, retired=sorted({*made.retired, tileset})))


def delete(sites: Path, site: str, tileset: str) -> None:
    """Remove it with its files. It is gone from every list before the first file goes."""
    folder = store.tileset_folder(sites, site, tileset)
    made = choice(sites, site)
    going = folder.with_name(f".{tileset}.deleted")
    shutil.rmtree(going, ignore_errors=True)
    folder.rename(going)
    if tileset in (made.current, *made.retired):
        rest = [r for r in made.retired if r != tileset]
        _write(sites, site, Choice(current="" if made.current == tileset else made.current, retired=rest))
    shutil.rmtree(going)
