"""The header ``Idempotency-Key`` (after the IETF draft "The Idempotency-Key HTTP Header Field")."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from twin import clock
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.errors import Invalid
from twin.idempotency import repository

HEADER = "idempotency-key"


class KeyReused(Invalid):
    """The key was used for something else."""

    code = "idempotency_key_reused"


class KeyForm(Invalid):
    """The key is shorter than 8 or longer than 100 characters."""

    code = "idempotency_key_form"


class Replay(Exception):
    """The request was carried out before; ``answer`` is what it got."""

    def __init__(self, answer: repository.Answer) -> None:
        self.answer = answer
        super().__init__("replay")

    def response(self) -> Response:
        """The first answer again, marked as such."""
        return Response(
            self.answer.body,
            self.answer.status,
            media_type="application/json",
            headers={"Idempotent-Replay": "true"},
        )


async def begin(request: Request, uow: UnitOfWork, principal: Principal) -> None:
    """Take the request's key, if it has one.

    Raises:
        Replay: it was carried out before.
        KeyReused, KeyForm: the key cannot be used.
    """
    key = request.headers.get(HEADER)
    if key is None or request.method in ("GET", "HEAD") or request.url.path.startswith("/api/auth/"):
        return  # what sign-in and tokens answer is secret and never kept
    if not 8 <= len(key) <= 100:
        raise KeyForm()
    digest = hashlib.sha256(await request.body()).hexdigest()
    asked = f"{request.method} {request.url.path} {digest}"
    answer = await repository.take(uow.session, principal.enterprise_id, principal.account_id, key, asked, clock.now())
    if answer is None:
        request.state.idempotency = (uow, principal.account_id, key)
        return
    if answer.request != asked:
        raise KeyReused()
    raise Replay(answer)


async def finish(request: Request, response: Response) -> None:
    """Keep the answer of a request that took a key; called before the transaction commits."""
    taken = getattr(request.state, "idempotency", None)
    if taken is None:
        return
    uow, account, key = taken
    body = bytes(response.body)
    await repository.keep(uow.session, account, key, response.status_code, body)
