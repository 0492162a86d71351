"""Our own API, `/crossconnect/v1`: what operators and tools need beside the TMF resources (contract, "Our own API")."""

ROOT = "/crossconnect/v1"
TITLE = "Crossconnect"
