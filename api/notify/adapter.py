"""requests' adapter for subscribers: connects only where the current call may, and in its time."""

from __future__ import annotations

import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from api.notify.call import current_call

__all__ = ["SubscriberAdapter"]


class SubscriberAdapter(HTTPAdapter):
    """Keeps one connection alive; follows no redirect and knows no proxy, for a session would."""

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1)

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
