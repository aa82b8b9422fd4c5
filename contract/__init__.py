"""What crosses the bus, written once: RPC methods, events, errors and money.

Every payload is a frozen dataclass; `contract.schema` derives its marshmallow schema, so a field is written
in exactly one place. Nothing here knows a service, a database or the broker.
"""
