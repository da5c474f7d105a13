"""requests' adapter for subscribers: connects only where the current call may, and in its time."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from api.notify.call import current_call

__all__ = ["SubscriberAdapter"]


class SubscriberAdapter(HTTPAdapter):
    """Keeps one connection to one URL alive; follows no redirect and knows no proxy, for a session
    would.

    What depends on the URL alone is worked out once: it would take as long as sending.
    """

    def __init__(self, url: str) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1)
        self._url = url
        self._prepared: requests.PreparedRequest | None = None
        self._pool: HTTPConnectionPool | None = None

    def request(self, headers: Mapping[str, str], body: bytes) -> requests.PreparedRequest:
        """A request that posts a body; raises what ``requests`` does for a URL that is none."""
        if self._prepared is None:
            self._prepared = requests.Request("POST", self._url).prepare()
        request = self._prepared.copy()
        request.headers.update({**headers, "Content-Length": str(len(body))})
        request.body = body
        return request

    def get_connection_with_tls_context(
        self, *arguments: Any, **options: Any
    ) -> HTTPConnectionPool:
        """The same pool for each request: neither the URL nor the authorities change."""
        if self._pool is None:
            pool = super().get_connection_with_tls_context(*arguments, **options)
            assert isinstance(pool, HTTPConnectionPool)
            self._pool = pool
        return self._pool

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **options: Any
    ) -> None:
        """As that of requests, with connections that are watched."""
        super().init_poolmanager(connections, maxsize, block, **options)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


class _Watched(HTTPConnection):
    """What both kinds of connection do differently."""

    def _new_conn(self) -> socket.socket:
        try:
            return current_call().connect(self._dns_host, self.port)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "no connection in time") from error
        except OSError as error:
            raise NewConnectionError(self, f"no connection: {error}") from error

    def connect(self) -> None:
        super().connect()
        current_call().watch(self.sock)

    def request(self, *arguments: Any, **options: Any) -> None:
        if self.sock is not None:  # kept alive
            current_call().watch(self.sock)
        super().request(*arguments, **options)


class _WatchedTls(_Watched, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls
