"""The application: settings, the one place that builds everything, what it can do, and who may see what."""
