"""Sealing: a `SealService` signs bytes, `pdf_seal` and `xml_seal` make signatures of them."""
