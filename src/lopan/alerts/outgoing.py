"""Outgoing HTTP that can't be turned against the network Lopan stands in.

The name is resolved here, every address is checked, and the connection goes to the address that was checked, so a
name that answers differently the second time gains nothing. No redirects, no proxies from the environment.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

from lopan.alerts.notifier import TransportError

TIMEOUT = 5.0
_RETRY = frozenset((408, 425, 429))
_EXCERPT = 300
_ENOUGH = 16_384
_TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"), ip_network("2002::/16"), ip_network("::/96"))
_Address = IPv4Address | IPv6Address
# It logs every address it calls, and a Slack webhook's address is its secret.
logging.getLogger("httpx").setLevel(logging.WARNING)


def allowed(address: str, allow_private: bool) -> bool:
    """Whether to connect there: public unicast, or with ``allow_private`` loopback and private as well.

    Link-local addresses (cloud metadata), multicast and IPv6 forms that wrap another address are refused always.
    """
    target: _Address = ip_address(address.partition("%")[0])
    if isinstance(target, IPv6Address):
        if target.ipv4_mapped is not None:
            target = target.ipv4_mapped
        elif not target.is_loopback and any(target in network for network in _TRANSLATED):
            return False
    if target.is_link_local or target.is_multicast or target.is_unspecified:
        return False
    return target.is_global or (allow_private and (target.is_private or target.is_loopback))


class Pinned(httpx.AsyncBaseTransport):
    """Transport that resolves, checks and connects by address; TLS still verifies the name."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._inner = httpx.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Try the checked addresses in turn until one accepts the connection."""
        host = request.url.host
        if request.url.scheme != "https" and not (request.url.scheme == "http" and self._allow_private):
            raise TransportError(f"{host}: only https:// is sent to, or http:// with allow_private", permanent=True)
        addresses = await self._resolve(host, request.url.port or 443)
        extensions = {**request.extensions, "sni_hostname": host}
        for last, address in ((address == addresses[-1], address) for address in addresses):
            url = request.url.copy_with(host=address)
            pinned = httpx.Request(
                request.method, url, headers=request.headers, stream=request.stream, extensions=extensions
            )
            try:
                return await self._inner.handle_async_request(pinned)
            except httpx.ConnectError:
                if last:
                    raise
        raise AssertionError("_resolve returns at least one address")

    async def aclose(self) -> None:
        """Close kept connections."""
        await self._inner.aclose()

    async def _resolve(self, host: str, port: int) -> list[str]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise TransportError(f"{host}: its name can't be resolved ({error})") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            if not allowed(address, self._allow_private):
                hint = "set allow_private if that is meant" if not self._allow_private else "choose another address"
                raise TransportError(f"{host} is {address}, not a public address; {hint}", permanent=True)
        return addresses


class Outgoing:
    """A keep-alive client for one destination."""

    def __init__(self, allow_private: bool = False) -> None:
        self._client = httpx.AsyncClient(
            transport=Pinned(allow_private), timeout=TIMEOUT, follow_redirects=False, trust_env=False
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """POST and return on 2xx, all within five seconds; raises TransportError otherwise."""
        try:
            async with asyncio.timeout(TIMEOUT), self._client.stream("POST", url, content=body, headers=headers) as got:
                start = await _start(got)
                if not got.is_success:
                    raise _refusal(got.status_code, got.headers.get("retry-after"), start)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise TransportError(f"no connection: {str(error) or type(error).__name__}") from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise TransportError(f"no answer within {TIMEOUT:g} s", uncertain=True) from error
        except httpx.InvalidURL as error:
            raise TransportError(f"not an address: {error}", permanent=True) from error
        except httpx.HTTPError as error:
            raise TransportError(f"connection broke: {str(error) or type(error).__name__}", uncertain=True) from error

    async def close(self) -> None:
        """Close kept connections."""
        await self._client.aclose()


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds of a Retry-After header, which holds seconds or an HTTP date; None when absent or unreadable."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())


def _refusal(status: int, header: str | None, excerpt: str) -> TransportError:
    said = f"answered {status}{f': {excerpt}' if excerpt else ''}"
    if status in _RETRY or status >= 500:
        return TransportError(said, retry_after=retry_after(header, datetime.now(UTC)))
    if 300 <= status < 400:
        said += "; redirects are not followed, configure the final address"
    return TransportError(said, permanent=True)


async def _start(response: httpx.Response) -> str:
    # A short body is read to its end, so that the connection can be used again; a long one is cut off.
    read = b""
    async for chunk in response.aiter_bytes():
        read += chunk
        if len(read) > _ENOUGH:
            break
    return " ".join(read[:_EXCERPT].decode("utf-8", "replace").split())
