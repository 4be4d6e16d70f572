"""What can go wrong with people."""

from __future__ import annotations

from twin.errors import Conflict, Invalid, NotFound


class PersonNotFound(NotFound):
    """No such person, or another enterprise's."""

    code = "person_not_found"


class PersonCodeTaken(Conflict):
    """Another person has this number, or this account."""

    code = "person_code_taken"


class PersonVersion(Conflict):
    """Somebody else changed the person first."""

    code = "conflict"


class DepartmentUnknown(Invalid):
    """No department has this code."""

    code = "department_unknown"


class DepartmentLoop(Invalid):
    """A department would be its own ancestor."""

    code = "department_loop"


class NotAPerson(Conflict):
    """The account is linked to no person, so nobody would know whom to help."""

    code = "not_a_person"


class TerminalNotFound(NotFound):
    """No such line in the ledger."""

    code = "terminal_not_found"


class TerminalKind(Conflict):
    """A device does not become another kind of device."""

    code = "terminal_kind"


class NobodyThere(Conflict):
    """A call that reaches nobody."""

    code = "nobody_there"


class CallNotFound(NotFound):
    """No such call."""

    code = "call_not_found"


class FileNotReadable(Invalid):
    """An import file that is no workbook and no CSV, or lacks a column."""

    code = "people_file"
