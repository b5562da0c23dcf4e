"""Calls to a Borgerting suite: see `Borgerting`. Messages are in `borgerting.SERVICE.v1`."""

from borgerting_client.errors import BorgertingError, FieldViolation
from borgerting_client.paging import pages
from borgerting_client.suite import Borgerting
from borgerting_client.tokens import ClientCredentials, TokenError

__all__ = ["Borgerting", "BorgertingError", "ClientCredentials", "FieldViolation", "TokenError", "pages"]
