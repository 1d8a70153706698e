"""The four APIs as these tests know them: their clients, and where their doubles show what was written."""

import importlib
from dataclasses import dataclass

import pytest

LIBRARIES = ("requests", "httpx")


@dataclass(frozen=True)
class Api:
    name: str
    # Where the double's state holds what `write` creates, and the field that tells the natural key.
    records: str
    key: str
    # The resource of such a write in the journal.
    resource: str
    # Its answer to such a write.
    created: int
    # The code that the API's own 500 bears.
    server_error: str
    # Kinds of faults that only this API can have.
    own_faults: frozenset = frozenset()

    def client(self, library, double, **options):
        """A client for the double, and the module with its exceptions."""
        module = importlib.import_module(f"clients.{self.name}_{library}")
        return module.Client(double.base_url, double.credentials, **options), module

    def held(self, double, key):
        """The records under that key which the double holds, whatever its API shows."""
        return [record for record in double.state()[self.records] if record[self.key] == key]


APIS = {
    api.name: api
    for api in [
        Api(
            "knosc",
            records="orders",
            key="PO List Number",
            resource="purchase-order",
            created=200,
            server_error="Server.Error",
            own_faults=frozenset(["expire_access", "revoke", "rotate_csrf", "lock", "unlock"]),
        ),
        Api(
            "thredfi",
            records="invoices",
            key="external_id",
            resource="invoices",
            created=201,
            server_error="server_error",
            own_faults=frozenset(["expire_access", "revoke"]),
        ),
        Api(
            "operations1",
            records="orders",
            key="customId",
            resource="orders",
            created=201,
            server_error="PG0",
        ),
        Api(
            "kneo",
            records="runs",
            key="input_text",
            resource="runs",
            created=200,
            server_error="internal_error",
            own_faults=frozenset(["in_progress"]),
        ),
    ]
}

with_each_client = pytest.mark.parametrize(
    ("api", "library"),
    [pytest.param(api, library, id=f"{api.name}-{library}") for api in APIS.values() for library in LIBRARIES],
)
with_each_library = pytest.mark.parametrize("library", LIBRARIES)
