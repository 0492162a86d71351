"""Crossconnect over HTTP: TMF resources by TMF630's rules, and our own API for operators."""
