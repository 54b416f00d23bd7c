"""The parts of the flow of expense reports."""
