"""The command line: a face of `app`, nothing more."""
