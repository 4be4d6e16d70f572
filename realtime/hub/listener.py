"""The WebSocket server around the hub: handshake, sign-in, limits, heartbeat, flow control.

One task per connection reads; nothing else of a connection ever waits, so nobody waits for anybody. Keep-alive is the
hub's own
heartbeat (one frame for all); compression is off (it costs 100 KiB and more per client, and frames could not be
shared).
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import secrets
import socket
from http import HTTPStatus
from typing import Any
from uuid import UUID

import orjson
import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from realtime.hub.auth import Authenticator, credential, origin_allowed
from realtime.hub.client import Client
from realtime.hub.codec import JSON_PROTOCOL, MSGPACK_PROTOCOL, Codec, for_subprotocol
from realtime.hub.core import Hub
from realtime.hub.errors import MalformedMessage, SignInTimeout, TooManyConnections, TooManyMessages
from realtime.hub.protocol import (
    CLOSE_POLICY,
    CLOSE_TOO_MANY,
    CLOSE_TRY_LATER,
    CLOSE_UNAUTHENTICATED,
    Auth,
    ClientPing,
    Malformed,
    Sub,
    Unsub,
    parse,
)
from twin import clock
from twin.errors import TwinError, Unauthenticated
from twin.i18n import negotiate, t

log = structlog.get_logger("realtime.hub")

#: Stands in for the handshake's request once it has been read: the headers of thousands of idle clients are memory for
#: nothing.
_FORGOTTEN = Request("/", Headers())
_PROTOCOLS = (Subprotocol(MSGPACK_PROTOCOL), Subprotocol(JSON_PROTOCOL))


class HubConnection(ServerConnection):
    """A connection that tells its client about flow control, and leaves the hub the moment it is lost."""

    listener: Listener
    client: Client | None = None
    anonymous = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.listener.opened(self)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.client is not None:
            self.client.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.client is not None:
            self.client.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client is not None:
            self.client.detach()
        self.listener.lost(self)
        super().connection_lost(exc)


class Listener:
    """Serves a hub on a port.

    Args:
        auth: finds out whom a token belongs to.
        origins: pages of these origins may connect besides those of the same host.
    """

    def __init__(self, hub: Hub, auth: Authenticator, origins: frozenset[str] = frozenset()) -> None:
        self.hub = hub
        self.limits = hub.limits
        self.auth = auth
        self.origins = origins
        self.server: Server | None = None
        self.refused = 0
        self._open = 0
        self._anonymous = 0
        self._rate = (clock.monotonic(), 0, 0.0)
        self._tasks: list[asyncio.Task[None]] = []
        self._rechecks: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int = 0, **options: Any) -> int:
        """Listen; returns the port (0 picks a free one)."""
        self._raise_file_limit()
        self.server = await serve(
            self._handle, host, port, create_connection=type("Connection", (HubConnection,), {"listener": self}),
            process_request=self._greet, select_subprotocol=self._select, compression=None, server_header=None,
            max_size=self.limits.message_bytes, max_queue=4, ping_interval=None, open_timeout=10, close_timeout=2,
            write_limit=(self.limits.write_high, self.limits.write_high // 4), backlog=1024, **options,
        )  # fmt: skip
        self._tasks = [asyncio.create_task(work) for work in (self._beats(), self._looks(), self._sweeps())]
        return int(next(iter(self.server.sockets)).getsockname()[1])

    async def stop(self) -> None:
        """Say goodbye to every client and stop listening."""
        for task in [*self._tasks, *self._rechecks]:
            task.cancel()
        for client in list(self.hub.clients):
            client.detach()
        if self.server is not None:
            self.server.close()  # clients hear 1001, going away
            await self.server.wait_closed()

    def opened(self, connection: HubConnection) -> None:
        """Count a TCP connection. Over the limit it is told so in answer to its request; far over it there is no time
        for manners."""
        self._open += 1
        self._set_anonymous(connection, True)
        if self._open > self._ceiling + 32:
            self.refused += 1
            connection.transport.abort()

    def lost(self, connection: HubConnection) -> None:
        """A TCP connection has ended."""
        self._open -= 1
        self._set_anonymous(connection, False)

    def _set_anonymous(self, connection: HubConnection, anonymous: bool) -> None:
        self._anonymous += anonymous - connection.anonymous
        connection.anonymous = anonymous

    def _raise_file_limit(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = self.limits.connections + 256
        if soft != resource.RLIM_INFINITY and soft < wanted:
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(
                    resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
                )
        self._ceiling = min(self.limits.connections, max(16, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 64))

    # Handshake ------------------------------------------------------------------------------------

    def _greet(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if path == "/health":
            return _json(HTTPStatus.OK, {"status": "ok", **self.metrics()})
        if path not in ("/", "/hub", "/hub/"):
            return connection.respond(HTTPStatus.NOT_FOUND, "not found\n")
        if not origin_allowed(request.headers, self.origins):
            self.refused += 1
            return connection.respond(HTTPStatus.FORBIDDEN, "origin not allowed\n")
        if self._open > self._ceiling or self._anonymous > self.limits.anonymous:
            self.refused += 1
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections\n")
        return None

    @staticmethod
    def _select(_connection: ServerConnection, offered: Any) -> Subprotocol | None:
        return next((p for p in offered if p in _PROTOCOLS), None)

    async def _handle(self, connection: ServerConnection) -> None:
        assert isinstance(connection, HubConnection)
        try:
            _tune(connection)
            client = await self._sign_in(connection)
            if client is not None:
                await self._read(connection, client)
        except ConnectionClosed:
            pass
        finally:
            if connection.client is not None:
                connection.client.detach()

    async def _sign_in(self, connection: HubConnection) -> Client | None:
        """The client of a connection, greeted; None when it was refused."""
        assert connection.request is not None
        headers = connection.request.headers
        codec, language = for_subprotocol(connection.subprotocol), negotiate(headers.get("Accept-Language"))
        connection.request = _FORGOTTEN
        try:
            token = credential(headers) or await self._first_message(connection)
            principal = await self.auth.principal(token)
            account = (principal.enterprise_id, principal.account_id)
            if self.hub.accounts[account] >= self.limits.per_account:
                raise TooManyConnections(limit=self.limits.per_account)
        except TwinError as error:
            self.refused += 1
            self._set_anonymous(
                connection, False
            )  # a flood of refused ones must not take the place of those who may come in
            await _refuse(connection, codec, error, language)
            return None
        transport = connection.transport
        client = Client(self.hub, codec, principal, token, secrets.token_hex(8), transport.write, transport.abort)
        connection.client = client
        self._set_anonymous(connection, False)
        self.hub.add(client)
        client.send(
            {"op": "hello", "session": client.session, "time": clock.timestamp(), "heartbeat": self.limits.heartbeat}
        )
        return client

    async def _first_message(self, connection: HubConnection) -> str:
        try:
            async with asyncio.timeout(self.limits.auth_seconds):
                message = parse(await connection.recv())
        except TimeoutError:
            raise SignInTimeout from None
        except Malformed as error:
            raise MalformedMessage(reason=str(error)) from None
        if not isinstance(message, Auth):
            raise Unauthenticated
        return message.token

    # Messages -------------------------------------------------------------------------------------

    async def _read(self, connection: HubConnection, client: Client) -> None:
        limits = self.limits
        bad, allowance, last = 0, float(limits.burst), clock.monotonic()
        async for data in connection:
            client.asked, now = None, clock.monotonic()
            allowance = min(limits.burst, allowance + (now - last) * limits.per_second) - 1
            last = now
            if client.closed:
                return
            if allowance < 0:
                self.hub.refuse(client, TooManyMessages())
                await self.close(connection, CLOSE_POLICY)
                return
            try:
                self._act(client, parse(data))
            except Malformed as error:
                bad += 1
                self.hub.refuse(client, MalformedMessage(reason=str(error)), error.sub_id)
                if bad >= limits.bad_messages:
                    await self.close(connection, CLOSE_POLICY)
                    return

    def _act(self, client: Client, message: Any) -> None:
        if isinstance(message, Sub):
            try:
                self.hub.subscribe(client, message)
            except TwinError as error:
                self.hub.refuse(client, error, message.id)
        elif isinstance(message, Unsub):
            self.hub.unsubscribe(client, message.id)
        elif isinstance(message, ClientPing) and not client.paused:
            client.send({"op": "pong", "time": clock.timestamp()})

    async def close(self, connection: HubConnection, code: int) -> None:
        """Close a connection; nothing is sent to it any more."""
        if connection.client is not None:
            connection.client.detach()
        await _close(connection, code)

    # Beats ----------------------------------------------------------------------------------------

    async def _beats(self) -> None:
        """Send the ping, one frame for all, and drop who has answered neither of the last two."""
        while True:
            await asyncio.sleep(self.limits.heartbeat)
            frames: dict[str, bytes] = {}
            now = clock.monotonic()
            for client in list(self.hub.clients):
                if client.asked is not None and now - client.asked > 1.5 * self.limits.heartbeat:
                    client.abort()
                    client.detach()
                    continue
                if client.codec.name not in frames:
                    frames[client.codec.name] = client.codec.frame({"op": "ping", "time": clock.timestamp()})
                if not client.paused:  # one that is paused cannot answer; the sweep looks after it
                    client.asked = client.asked or now
                    client.push(frames[client.codec.name])

    async def _sweeps(self) -> None:
        while True:
            await asyncio.sleep(min(1.0, self.limits.stuck / 4))
            self.hub.sweep()
            self.auth.forget()
            then, frames, _ = self._rate
            now, sent = clock.monotonic(), self.hub.metrics()["frames"]
            if now - then >= 1.0:
                self._rate = (now, sent, (sent - frames) / (now - then))

    async def _looks(self) -> None:
        while True:
            await asyncio.sleep(self.limits.recheck)
            await self._recheck(list(self.hub.clients))

    def account_changed(self, account: UUID) -> None:
        """An account has signed out, lost rights or been locked: look at its connections now."""
        concerned = [client for client in self.hub.clients if client.principal.account_id == account]
        if concerned:
            task = asyncio.get_running_loop().create_task(self._recheck(concerned))
            self._rechecks.add(task)
            task.add_done_callback(self._rechecks.discard)

    async def _recheck(self, clients: list[Client]) -> None:
        """Close the connections whose session or token no longer holds; end subscriptions that are no longer
        allowed."""
        answers: dict[str, Any] = {}
        for client in clients:
            if client.token not in answers:
                try:
                    answers[client.token] = await self.auth.principal(client.token, fresh=True)
                except TwinError as error:
                    answers[client.token] = error
                except Exception as error:  # the database is away: nobody is thrown out for that
                    log.warning("cannot check a session now", error=str(error))
                    return
            answer = answers[client.token]
            if client.closed:
                continue
            if isinstance(answer, Unauthenticated):
                self.hub.refuse(client, answer)
                self._expire(client)
            elif not isinstance(answer, TwinError):
                self.hub.recheck_scopes(client, answer)

    def _expire(self, client: Client) -> None:
        connection = next((c for c in self._connections() if c.client is client), None)
        if connection is None:
            return
        client.detach()
        task = asyncio.get_running_loop().create_task(self.close(connection, CLOSE_UNAUTHENTICATED))
        self._rechecks.add(task)
        task.add_done_callback(self._rechecks.discard)

    def _connections(self) -> list[HubConnection]:
        return [c for c in (self.server.connections if self.server else ()) if isinstance(c, HubConnection)]

    def metrics(self) -> dict[str, Any]:
        """The hub's counts with connections, refusals and frames per second."""
        return {
            **self.hub.metrics(),
            "connections": self._open,
            "refused": self.refused,
            "frames_per_second": round(self._rate[2], 1),
        }


async def _refuse(connection: ServerConnection, codec: Codec, error: TwinError, language: str) -> None:
    """Say why, then close with a code that tells a client what to do: sign in, wait, or give up."""
    message = {"op": "err", "code": error.code, "message": t(f"error.{error.code}", language, **error.params)}
    connection.transport.write(codec.frame(message))
    by_status = {401: CLOSE_UNAUTHENTICATED, 429: CLOSE_TOO_MANY, 503: CLOSE_TRY_LATER}
    await _close(connection, by_status.get(error.status, CLOSE_POLICY))


async def _close(connection: ServerConnection, code: int) -> None:
    """Close with a code, without long waiting for a client that may be rude: it has had its reason."""
    try:
        async with asyncio.timeout(0.5):
            await connection.close(code)
    except TimeoutError:
        connection.transport.abort()


def _tune(connection: ServerConnection) -> None:
    """Keep what a slow client has not taken in our own queue, where it can be replaced by newer values, and not in the
    kernel's."""
    sock = connection.transport.get_extra_info("socket")
    if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6) and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 64 * 1024)


def _json(status: HTTPStatus, body: dict[str, Any]) -> Response:
    data = orjson.dumps(body)
    headers = Headers(
        [("Content-Type", "application/json"), ("Content-Length", str(len(data))), ("Connection", "close")]
    )
    return Response(status.value, status.phrase, headers, data)
