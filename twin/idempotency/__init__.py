"""Doing a thing once, however often it is sent.

A handheld without a network keeps what its user did and sends it later, possibly twice (the answer to the first try was lost). A write
with the header ``Idempotency-Key`` is carried out once for each account and key; a repeat gets the first answer again. The key is
taken in the request's own transaction, so a repeat that comes while the first is under way waits for it.
"""
