"""What a file is, by its first bytes. Names and headers that a client sends are never believed."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile, ZipFile

#: Bytes needed to decide.
HEAD = 4096

_MB = 1024 * 1024
#: What is taken, and the most bytes of each kind (the installation's own limit may be lower).
LIMITS: dict[str, int] = {
    "image/jpeg": 50 * _MB,
    "image/png": 50 * _MB,
    "image/webp": 50 * _MB,
    "image/gif": 20 * _MB,
    "application/pdf": 200 * _MB,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": 100 * _MB,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": 100 * _MB,
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": 200 * _MB,
    "application/zip": 2048 * _MB,
    "image/vnd.dwg": 200 * _MB,
    "video/mp4": 2048 * _MB,
    "audio/mpeg": 100 * _MB,
    "audio/wav": 200 * _MB,
    "audio/amr": 50 * _MB,
    "text/plain": 50 * _MB,
}
#: Safe to show inside a page; everything else is offered as a download.
INLINE = frozenset(
    {"image/jpeg", "image/png", "image/webp", "image/gif", "application/pdf", "video/mp4", "audio/mpeg", "audio/wav"}
)

_OFFICE = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}


def media_type(head: bytes) -> str:
    """The media type of a file that begins with ``head`` (up to ``HEAD`` bytes); octet-stream when unknown."""
    for magic, found in (
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"%PDF-", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
        (b"AC10", "image/vnd.dwg"),
        (b"#!AMR", "audio/amr"),
        (b"ID3", "audio/mpeg"),
    ):
        if head.startswith(magic):
            return found
    if head[:4] == b"RIFF" and head[8:12] in (b"WEBP", b"WAVE"):
        return "image/webp" if head[8:12] == b"WEBP" else "audio/wav"
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if len(head) > 2 and head[0] == 0xFF and head[1] in (0xFB, 0xF3, 0xF2):
        return "audio/mpeg"
    return "text/plain" if _is_text(head) else "application/octet-stream"


def _is_text(head: bytes) -> bool:
    if any(byte < 32 and byte not in (9, 10, 13) for byte in head):
        return False
    # Markup and scripts are never kept as text: a browser might be talked into running them.
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" or head.startswith(b"#!"):
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            # The head may end inside a character.
            head[: len(head) - 4 if len(head) >= HEAD else None].decode(encoding)
            return True
        except UnicodeDecodeError as error:
            if len(head) >= HEAD and error.start >= len(head) - 12:
                return True
    return False


def refine(found: str, path: Path) -> str:
    """Tell Office documents from other ZIP files, by their members."""
    if found != "application/zip":
        return found
    try:
        with ZipFile(path) as archive:
            names = archive.namelist()
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        return "application/octet-stream"
    if "[Content_Types].xml" in names:
        for folder, office in _OFFICE.items():
            if any(name.startswith(folder) for name in names):
                return office
    return found
