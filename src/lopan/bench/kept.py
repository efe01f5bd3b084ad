"""One kept HTTP connection, opened again when the server has closed it for being idle."""

from __future__ import annotations

import http.client
from collections.abc import Mapping

TIMEOUT_S = 60.0


class Kept:
    """Only for requests that may arrive twice: the one that meets a closed connection is sent again."""

    def __init__(self, host: str, port: int, headers: Mapping[str, str]) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        self._headers = dict(headers)

    def request(self, method: str, target: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body; raises OSError when the server is gone."""
        try:
            return self._once(method, target, body)
        except (ConnectionError, http.client.NotConnected):
            self.close()
            return self._once(method, target, body)

    def close(self) -> None:
        """Close it; the next request opens it again."""
        self._connection.close()

    def _once(self, method: str, target: str, body: bytes | None) -> tuple[int, bytes]:
        self._connection.request(method, target, body, self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()
