"""Calls that start an event loop of their own, kept apart from a loop that may be running in this thread.

Python Playwright's synchronous interface runs its loop in the calling thread for as long as a browser is open, and
`asyncio.run` refuses to start another one there. A thread of its own has none.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def apart(call: Callable[[], Result]) -> Result:
    """Run `call` to its end in a thread of its own; its error is raised here.

    >>> import asyncio
    >>> async def five() -> int:
    ...     return 5
    >>> apart(lambda: asyncio.run(five()))
    5
    """
    with ThreadPoolExecutor(max_workers=1) as own:
        return own.submit(call).result()
