"""Who types a command, and the application that carries it out."""

from __future__ import annotations

import os
import pwd
from functools import cache

from ml_connector.app.service import Service
from ml_connector.app.settings import Settings


@cache
def service() -> Service:
    """The application, as the operating system's user."""
    return Service(Settings(), actor_name=person(), channel="cli")


def person() -> str:
    """The operating system's user by its id, which no variable changes; who became root is noted beside."""
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = f"uid {number}"
    asked = os.environ.get("SUDO_USER", "")
    try:
        return f"{name} (sudo by {pwd.getpwnam(asked).pw_name})" if number == 0 and asked else name
    except (KeyError, ValueError):
        return name
