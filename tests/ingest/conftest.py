"""Points and their tags, as the tests of the history have them."""

from tests.history.conftest import points

__all__ = ["points"]
