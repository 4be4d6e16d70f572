"""The people of the hazard tests do the inspections, too."""

from tests.hazards.conftest import crew, site

__all__ = ["crew", "site"]
