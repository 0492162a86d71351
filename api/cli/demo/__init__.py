"""The demonstration: real orders on a real engine, shown as they move."""
