"""The WebSocket hub: snapshot + sequence + resume for every live layer, streams, inbox and system topics
(ARCHITECTURE.md, "Hub protocol")."""
