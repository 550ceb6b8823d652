"""How a client reaches its coordinator."""

from __future__ import annotations

import ssl
from importlib.metadata import PackageNotFoundError, version

from hypershard._errors import InvalidCall

CONNECTIONS_MAX_DEFAULT = 100


def package_version() -> str:
    try:
        return version("hypershard")
    except PackageNotFoundError:
        # Run from a checkout, without being installed.
        return "0"


def usual_headers() -> dict[str, str]:
    return {"user-agent": f"hypershard-python/{package_version()}"}


def make_context(url: str, ca: str | None, cert: tuple[str, str] | str | None) -> ssl.SSLContext | None:
    """
    What certificates are checked with; None where nothing is encrypted.

    Args:
        ca: a file of certificates in PEM, instead of the authorities that the system trusts
        cert: a file with the client's certificate and key, or one of each
    """
    if not url.lower().startswith("https:"):
        if ca is not None or cert is not None:
            raise InvalidCall("ca, cert: they are used over https alone; the URL is not one of https")
        return None
    try:
        context = ssl.create_default_context(cafile=ca)
        if cert is not None:
            context.load_cert_chain(*((cert,) if isinstance(cert, str) else cert))
    except (OSError, ssl.SSLError) as error:
        raise InvalidCall(f"ca, cert: {error}") from error
    return context
