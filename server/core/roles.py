"""What accounts are for. It stands apart from the matrix, because the accounts' table needs it before the REST framework is there."""

from enum import StrEnum


class Role(StrEnum):
    """What an account is for."""

    ADMIN = "admin"
    OPERATOR = "operator"
    MANAGER = "manager"
    VIEWER = "viewer"
    AUDITOR = "auditor"
    SELF = "self"
