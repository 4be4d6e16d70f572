"""Field data: sources of several kinds, one gateway process that brings their samples to the history and the hub.

Other modules join in two ways, both without touching this package:

- ``sinks.py`` in a package with ``SINKS: tuple[Callable[[Settings], SampleSink], ...]``. The gateway makes one of each
  and gives it every new state of every point as numpy arrays (:class:`realtime.ingest.tap.SampleBatch`, every 50 ms),
  the points it measures (tag -> enterprise, device) and the ups and downs of the sources
  (:class:`realtime.ingest.tap.SourceEvent`); its ``run`` is a task in the gateway.
- a kind of source is one file in ``sources/`` (see :mod:`realtime.ingest.plugin`).
"""
