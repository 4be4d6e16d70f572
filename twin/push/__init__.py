"""Web Push (RFC 8030, 8291, 8292): notifications reach a handheld whose app is closed, where its browser's push service can be reached.

The inbox and the hub work without it; a plant without a way to the push services loses nothing but the ring on a closed app.
"""
