"""Electronic signatures: drawn by hand, confirmed with the password, sealed over the record's canonical digest, chained.

A signature proves who signed what and when, and shows every later change (电子签名法 art. 13): the signer has a key of
their own, the record's content, its photos' digests and the drawing are covered, and each enterprise's signatures form
a hash chain. Anybody can check one offline from the token in its QR code.
"""
