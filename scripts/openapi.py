"""``npm run generate`` in ``viewer``: TypeScript of the server's HTTP contract, from its own OpenAPI document.

The result, ``viewer/packages/api/src/generated/openapi.ts``, is committed, because the viewer builds without Python. Its first
lines carry two SHA-256: of the document it was made from and of the text below them. ``tests/contract/test_api_types.py`` compares
both without needing Node.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VIEWER = ROOT / "viewer"
TARGET = VIEWER / "packages" / "api" / "src" / "generated" / "openapi.ts"

_TITLE = "// Written by `npm run generate` (scripts/openapi.py) from the server's OpenAPI document; do not edit."
_DOCUMENT = "// document sha256: "
_BODY = "// body sha256: "


def canonical(document: dict[str, Any]) -> str:
    """The document as JSON with sorted keys, without the product's version, which changes no type."""
    info = {key: value for key, value in document["info"].items() if key != "version"}
    # The generator insists on a version.
    return json.dumps({**document, "info": {**info, "version": ""}}, sort_keys=True, ensure_ascii=False, indent=1)


def sha256(text: str) -> str:
    """Hexadecimal digest of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def compose(contract: str, body: str) -> str:
    """The committed file: header, empty line, body."""
    return f"{_TITLE}\n{_DOCUMENT}{sha256(contract)}\n{_BODY}{sha256(body)}\n\n{body}"


def faults(contract: str, committed: str) -> list[str]:
    """Why a committed file does not belong to a contract (from ``canonical``); empty when it does."""
    header, _, body = committed.partition("\n\n")
    lines = header.split("\n")
    found = []
    if _DOCUMENT + sha256(contract) not in lines:
        found.append("the server's contract has changed since the types were generated")
    if _BODY + sha256(body) not in lines:
        found.append("the generated types were edited by hand")
    return found


def slim(contract: str) -> str:
    """The contract without what every operation repeats: refusals all have the one shape ``Problem``."""
    document: dict[str, Any] = json.loads(contract)
    for operations in document["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict) and "responses" in operation:
                answers = operation["responses"]
                operation["responses"] = {status: a for status, a in answers.items() if status < "4"}
    return json.dumps(document, sort_keys=True, ensure_ascii=False)


def typescript(contract: str) -> str:
    """What openapi-typescript (in ``viewer/node_modules``) makes of a contract."""
    with tempfile.TemporaryDirectory(prefix="twin-openapi-") as folder:
        source, made = Path(folder) / "openapi.json", Path(folder) / "openapi.ts"
        source.write_text(slim(contract), encoding="utf-8")
        # A field with a default may be left out of a request, so a default does not make it required.
        flags = ["--empty-objects-unknown", "--default-non-nullable", "false"]
        tool = VIEWER / "node_modules" / ".bin" / "openapi-typescript"
        subprocess.run([tool, source, "-o", made, *flags], cwd=VIEWER, check=True, stdout=sys.stderr)
        return made.read_text(encoding="utf-8")


def main() -> None:
    """Write the file."""
    # The server of this checkout, whichever one is installed.
    sys.path[:0] = [str(ROOT), str(ROOT / "gis-assets")]
    from twin.app import create_app

    contract = canonical(create_app().openapi())
    TARGET.write_text(compose(contract, typescript(contract)), encoding="utf-8")
    print(TARGET.relative_to(ROOT))


if __name__ == "__main__":
    main()
