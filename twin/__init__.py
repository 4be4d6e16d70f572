"""The kernel of the plant twin: accounts, units of work, workflows, the spatial core and the layer registry."""

__version__ = "0.1.0"
