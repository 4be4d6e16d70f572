"""Signatures: what they prove, what a change of anything shows, and that the code on paper needs no database."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Enterprise, SignIn
from tests.kernel.tools import app, owner
from tests.signature.support import STROKES, confirmation
from twin.auth import service as auth
from twin.auth.principal import Principal
from twin.db.uow import unit_of_work
from twin.settings import ROOT, Settings, child_environment
from twin.signature import service, token
from twin.signature.algorithms import ALGORITHMS
from twin.signature.canonical import canonical, differences
from twin.signature.schemas import Confirmation


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def manager(database: Settings, enterprise: Enterprise) -> Principal:
    return (await auth.sign_in("manager", enterprise.password)).principal


async def _sign(who: Principal, content: dict[str, Any], key: str = "1") -> UUID:
    async with unit_of_work(who.enterprise_id, who.account_id) as uow:
        row = await service.sign(uow, who, Confirmation(**confirmation()), "probe", key, "check", content)
        return row.id


async def _check(client: httpx.AsyncClient, id_: UUID) -> dict[str, Any]:
    answer = await client.get(f"/api/verify/{id_}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def reader(sign_in: SignIn) -> AsyncIterator[httpx.AsyncClient]:
    yield await sign_in("manager")


async def test_a_signature_holds_and_says_who_and_when(
    manager: Principal, client: httpx.AsyncClient, reader: httpx.AsyncClient
) -> None:
    id_ = await _sign(manager, {"name": "罐区巡检", "values": [1.0, 2.5], "photos": ["ab" * 32]}, "r-1")
    found = await _check(client, id_)
    assert found["valid"] and found["signer_name"] == manager.name and found["algorithm"] == "ed25519"
    assert found["checks"] == {"signature": True, "content": True, "link": True, "drawing": True, "record": None}
    (listed,) = (await reader.get("/api/signatures", params={"kind": "probe", "key": "r-1"})).json()
    assert listed["id"] == str(id_)
    drawing = await reader.get(f"/api/files/{listed['drawing_id']}/content")
    assert drawing.headers["content-type"] == "image/png"
    assert (await client.get(f"/api/verify/{uuid4()}")).json()["code"] == "signature_not_found"


async def test_the_code_is_checked_with_nothing_but_the_public_key(
    manager: Principal, reader: httpx.AsyncClient, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    """An independent reader: base64, JSON and a stock Ed25519, none of the product's code."""
    await _sign(manager, {"a": 1}, "r-2")
    (listed,) = (await reader.get("/api/signatures", params={"kind": "probe", "key": "r-2"})).json()
    head, statement, rest = listed["token"].split(".")
    pad = "=" * 3
    said, tail = base64.urlsafe_b64decode(statement + pad), base64.urlsafe_b64decode(rest + pad)
    Ed25519PublicKey.from_public_bytes(tail[:32]).verify(tail[32:], said)
    facts = json.loads(said)
    assert head == "PT1" and facts["signer"] == str(manager.account_id)
    assert facts["digest"] == hashlib.sha256(b'{"a":1}').hexdigest()
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(tail[:32]).verify(tail[32:], said.replace(b'"r-2"', b'"r-3"'))

    assert (await client.post("/api/verify", json={"token": listed["token"]})).json()["known"] is True
    forged = listed["token"].replace(
        statement, base64.urlsafe_b64encode(said.replace(b"r-2", b"r-9")).decode().rstrip("=")
    )
    assert (await client.post("/api/verify", json={"token": forged})).json()["holds"] is False

    # The command, with no database in reach.
    paper, keys = tmp_path / "paper.txt", tmp_path / "keys.json"
    paper.write_text(f"作业票 ... {listed['token']} ...", encoding="utf-8")
    keys.write_text((await reader.get("/api/verify/keys")).text, encoding="utf-8")
    environment = {**os.environ, "TWIN_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}

    def run(path: Path) -> tuple[int, str]:
        command = [str(Path(sys.executable).parent / "twin"), "verify", str(path), "--keys", str(keys)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    code, said_text = await asyncio.to_thread(run, paper)
    assert code == 0 and "签名有效" in said_text and manager.name in said_text, said_text
    paper.write_text(forged, encoding="utf-8")
    assert (await asyncio.to_thread(run, paper))[0] == 1


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("content = replace(content, '25', '24')", "content"),
        ("signer_name = 'somebody'", "content"),
        ("at = at - interval '1 hour'", "content"),
        ("key = 'other'", "content"),
        ("statement = replace(statement, '\"check\"', '\"other\"')", "signature"),
        ("signature = set_byte(signature, 3, get_byte(signature, 3) # 1)", "signature"),
        ("hash = set_byte(hash, 0, get_byte(hash, 0) # 1)", "link"),
    ],
)
async def test_any_change_in_the_database_shows(
    manager: Principal, client: httpx.AsyncClient, database: Settings, change: str, broken: str
) -> None:
    id_ = await _sign(manager, {"temperature": 25})
    with owner(database) as connection:
        connection.execute(f"UPDATE signature SET {change} WHERE id = %s", [id_])
    found = await _check(client, id_)
    assert not found["valid"] and found["checks"][broken] is False


async def test_a_changed_drawing_and_a_missing_link_show(
    manager: Principal, client: httpx.AsyncClient, reader: httpx.AsyncClient, database: Settings
) -> None:
    first, second = await _sign(manager, {"n": 1}), await _sign(manager, {"n": 2})
    row = [r for r in (await reader.get("/api/signatures", params={"kind": "probe", "key": "1"})).json()][-1]
    with owner(database) as connection:
        ((digest, n),) = connection.execute("SELECT drawing_sha256, n FROM signature WHERE id = %s", [first]).fetchall()
    path = database.files_dir / digest[:2] / digest
    before = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(before + b" ")
    assert (await _check(client, first))["checks"]["drawing"] is False
    path.write_bytes(before)
    assert (await _check(client, UUID(row["id"])))["checks"]["drawing"] is True
    with owner(database) as connection:
        connection.execute("DELETE FROM signature WHERE id = %s", [first])
    assert (await _check(client, second))["checks"]["link"] is False
    state = (await reader.get("/api/verify/chain/state")).json()
    assert n in state["missing"] and str(second) in state["bad"]


async def test_the_password_and_the_handwriting_are_needed(manager: Principal, enterprise: Enterprise) -> None:
    async def attempt(**body: Any) -> None:
        async with unit_of_work(enterprise.id, manager.account_id) as uow:
            await service.sign(uow, manager, Confirmation(**body), "probe", "x", "check", {})

    with pytest.raises(auth.SignInFailed):
        await attempt(password="wrong", strokes=STROKES)
    for drawing in (None, "no base64!", base64.b64encode(b"GIF89a").decode()):
        with pytest.raises(Exception, match="signature_empty"):
            await attempt(password=enterprise.password, drawing=drawing)
    with pytest.raises(Exception, match="signature_empty"):
        await attempt(password=enterprise.password, strokes=[[[0.5, 0.5]]])


async def test_signatures_cannot_be_changed_by_the_product_and_keys_are_sealed(
    manager: Principal, enterprise: Enterprise, database: Settings
) -> None:
    await _sign(manager, {})
    with app(database) as connection:
        connection.execute("SELECT set_config('twin.enterprise', '*', false)")
        for statement in ("UPDATE signature SET n = n + 1", "DELETE FROM signature", "DELETE FROM signing_key"):
            with pytest.raises(Exception, match="permission denied"):
                connection.execute(statement)
    secret = database.var_dir / "secrets" / "signing.key"
    assert secret.stat().st_mode & 0o077 == 0
    with owner(database) as connection:
        ((sealed, public),) = connection.execute("SELECT sealed, public_key FROM signing_key LIMIT 1").fetchall()
    assert len(sealed) == 12 + 32 + 16 and bytes(public) not in bytes(sealed)


async def test_people_who_sign_at_once_make_one_chain(manager: Principal, reader: httpx.AsyncClient) -> None:
    before = (await reader.get("/api/verify/chain/state")).json()
    ids = await asyncio.gather(*(_sign(manager, {"n": n}, "chain") for n in range(6)))
    after = (await reader.get("/api/verify/chain/state")).json()
    assert len(set(ids)) == 6 and after["checked"] == before["checked"] + 6
    assert after["missing"] == before["missing"]


async def test_the_command_checks_a_signature_of_the_installation(manager: Principal, database: Settings) -> None:
    id_ = await _sign(manager, {"c": 1})
    command = [str(Path(sys.executable).parent / "twin"), "verify", str(id_)]
    environment = {**os.environ, **child_environment(database)}
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0 and "content: True" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_every_algorithm_signs_and_refuses(name: str) -> None:
    if name == "sm2":
        pytest.importorskip("gmssl")
    algorithm = ALGORITHMS[name]
    private, public = algorithm.make()
    statement = canonical({"algorithm": name, "fingerprint": hashlib.sha256(public).hexdigest(), "id": "x" * 40})
    sealed = algorithm.sign(private, statement.encode())
    assert algorithm.holds(public, statement.encode(), sealed)
    assert not algorithm.holds(public, statement.encode() + b" ", sealed)
    assert not algorithm.holds(algorithm.make()[1], statement.encode(), sealed)
    checked = token.check(token.make(statement, public, sealed))
    assert checked is not None and checked.holds


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text('aé罐"\\', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.", max_size=3), inner, max_size=3),
    max_leaves=8,
)


_few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_few
@given(_JSON, _JSON)
def test_two_contents_have_one_spelling_only_if_they_are_the_same(a: Any, b: Any) -> None:
    same = json.loads(canonical(a)) == json.loads(canonical(b)) and canonical(a) == canonical(b)
    assert (canonical(a) == canonical(b)) == same
    assert bool(differences(json.loads(canonical(a)), json.loads(canonical(b)))) == (
        json.loads(canonical(a)) != json.loads(canonical(b))
    )


@_few
@given(st.text("PT1.aZ_-=\n罐", max_size=200))
def test_no_text_breaks_the_reading_of_codes(text: str) -> None:
    checked = token.check(text)
    assert checked is None or not checked.holds
