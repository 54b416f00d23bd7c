"""One folder per external system; discovered, never listed. See `docs/architecture.md`."""
