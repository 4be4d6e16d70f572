"""What can go wrong with the early-warning index."""

from __future__ import annotations

from twin.errors import Conflict, Invalid, NotFound


class IndexAspectNotFound(NotFound):
    """No such aspect."""

    code = "index_aspect_not_found"


class IndexIndicatorNotFound(NotFound):
    """No such indicator."""

    code = "index_indicator_not_found"


class IndexAreaNotFound(NotFound):
    """No such area."""

    code = "index_area_not_found"


class IndexRowsNotKept(NotFound):
    """The indicator knows only the present, and nothing was written down at that time."""

    code = "index_rows_not_kept"


class IndexChanged(Conflict):
    """Somebody else changed it first."""

    code = "conflict"


class IndexInconsistent(Invalid):
    """The comparisons contradict one another: CR above its limit."""

    code = "index_inconsistent"


class IndexModelFault(Invalid):
    """The model does not hold; ``where`` names the part."""

    code = "index_model_fault"
