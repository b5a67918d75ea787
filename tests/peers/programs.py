"""Run other people's programs from inside a loop that serves our devices meanwhile."""

import asyncio
from contextlib import asynccontextmanager, suppress

PATIENCE_S = 15.0


async def tell(*command):
    """Run a program to its end; return its exit code and all that it printed."""
    process = await asyncio.create_subprocess_exec(
        *(str(word) for word in command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            printed, _ = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return process.returncode, printed.decode()


@asynccontextmanager
async def running(*command):
    """Keep a program running from the moment it prints ``ready``."""
    process = await asyncio.create_subprocess_exec(
        *(str(word) for word in command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            assert await process.stdout.readline() == b"ready\n", f"{command} did not start"
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@asynccontextmanager
async def cable(socat, folder):
    """Join two pseudo-terminals into one serial cable; give the paths of its ends."""
    ends = folder / "left", folder / "right"
    process = await asyncio.create_subprocess_exec(
        socat, *(f"pty,raw,echo=0,link={end}" for end in ends)
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not all(end.exists() for end in ends):  # noqa: ASYNC110  another process makes them
                await asyncio.sleep(0.01)
        yield ends
    finally:
        process.terminate()
        await process.wait()
