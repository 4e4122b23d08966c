"""The site's time-stamp authority as the sealing of documents asks it.

Owns nothing but the shape the PDF library wants: the question, the checks and the deadline are
`records.stamping`'s. Pure: no Django. Serves: 21 CFR 11.30; ETSI EN 319 142-1 (PAdES B-T).
"""

from __future__ import annotations

from typing import Final

from asn1crypto import cms
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError

from records.errors import Refusal
from records.stamping.client import StampClient

ROOM_FOR_TOKEN: Final = 10 * 1024
"""Bytes kept free in the document, half as much again added by the library: a token with an RSA-4096 chain fits."""


class SiteTimeStamper(TimeStamper):
    """Gets each stamp from the configured authority, verified before it goes into a document."""

    def __init__(self, client: StampClient) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._client = client

    async def async_dummy_response(self, md_algorithm: str) -> cms.ContentInfo:
        """Return what has a token's size; the library would ask the authority for a stamp over nothing."""
        return cms.ContentInfo({"content_type": "data", "content": bytes(ROOM_FOR_TOKEN)})

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """Return a verified token. Raises: TimestampRequestError with the refusal's own sentence."""
        try:
            token = self._client.stamp_digest(message_digest, algorithm=md_algorithm)
        except Refusal as refusal:
            raise TimestampRequestError(str(refusal)) from refusal
        return cms.ContentInfo.load(token)
