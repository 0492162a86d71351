"""Which Crossconnect this is."""


def release() -> str:
    """The version that is installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("crossconnect")
    except PackageNotFoundError:
        return "from a folder (not installed)"
