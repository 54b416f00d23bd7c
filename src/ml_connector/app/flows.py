"""The flows as a face knows them: their records, for commands, forms and pages that are made from them."""

from __future__ import annotations

from ml_connector.flows.flow import Flow, Option, Question, flows

__all__ = ["Flow", "Option", "Question", "flows"]
