"""Programs of the system that we start: where they are."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

CHROMIUM = "COBRANZA_CHROMIUM"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> Path | None:
    """The Chromium to drive: what `COBRANZA_CHROMIUM` names (there or not), else the first known name on the path."""
    named = os.environ.get(CHROMIUM)
    if named:
        return Path(named).expanduser()
    for name in CHROMIUM_NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    return None
