"""The people of the hazard tests."""

from tests.hazards.conftest import crew, site

__all__ = ["crew", "site"]
