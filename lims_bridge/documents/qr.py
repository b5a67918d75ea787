"""The QR code of a document, as SVG."""

from __future__ import annotations

import io

import segno


def qr_svg(text: str) -> str:
    """Return the QR code of a text (error correction M, no micro code) as an SVG image."""
    image = io.BytesIO()
    segno.make(text, error="m", micro=False).save(image, kind="svg", border=0, omitsize=True)
    return image.getvalue().decode()
