"""A headless Chromium, driven over its DevTools protocol."""

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-extensions",
)


class Tab:
    """One page. `complaints` holds console errors, uncaught exceptions and what the page's policy blocked."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self.complaints: list[str] = []

    async def listen(self) -> None:
        """Read what the browser says until it goes."""
        async for frame in self._socket:
            said = json.loads(frame.data)
            if "id" in said:
                answer = self._waiting.pop(said["id"])
                if not answer.done():  # who asked may have given up
                    answer.set_result(said)
            elif said["method"] in {"Log.entryAdded", "Runtime.exceptionThrown"}:
                self.complaints.append(json.dumps(said["params"])[:500])

    async def call(self, method: str, **params: Any) -> Any:
        """Call a DevTools method."""
        self._number += 1
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[self._number] = answer
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        async with asyncio.timeout(20):
            said = await answer
        assert "error" not in said, said
        return said["result"]

    async def run(self, script: str) -> Any:
        """Evaluate JavaScript and give its value."""
        done = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    async def until(self, script: str, *, timeout_s: float = 10.0) -> None:
        """Evaluate JavaScript until its value is true."""
        try:
            async with asyncio.timeout(timeout_s):
                while not await self.run(f"!!({script})"):  # noqa: ASYNC110  it waits for the browser
                    await asyncio.sleep(0.05)
        except TimeoutError:
            shown = await self.run("document.body ? document.body.innerText : ''")
            raise AssertionError(f"{script} did not become true; the page shows:\n{shown}\n{self.complaints}") from None

    async def press(self, key: str) -> None:
        """Press a key."""
        codes = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40}
        for kind in ("rawKeyDown", "keyUp"):
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key])

    async def resize(self, width: int, height: int) -> None:
        """Give the page another size, in CSS pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.call("Emulation.setDeviceMetricsOverride", **size)

    async def overflowing(self) -> list[str]:
        """Name what is wider than its place: it would be cut off, or get a horizontal scrollbar."""
        cut_on_purpose = "getComputedStyle(e).textOverflow === 'ellipsis'"
        too_wide = f"(e) => e.clientWidth && e.scrollWidth > e.clientWidth + 1 && !({cut_on_purpose})"
        blocks = "[...document.querySelectorAll('html, main, #scroll, #scroll *, #notice, #offers, #typing, dialog')]"
        found = await self.run(f"{blocks}.filter({too_wide}).map((e) => e.tagName + '.' + e.className)")
        assert isinstance(found, list)
        return found

    async def type(self, text: str) -> None:
        """Type text where the cursor is."""
        await self.call("Input.insertText", text=text)

    async def picture(self, path: Path) -> None:
        """Save a picture of the page."""
        taken = await self.call("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(taken["data"]))


def _port(file: Path) -> str:
    """Read the port that the browser chose; empty until it has written it whole."""
    first, newline, _ = (file.read_text() if file.exists() else "").partition("\n")
    return first if newline else ""


@asynccontextmanager
async def opened(url: str, profile: Path, size: tuple[int, int] = (1400, 1000)) -> AsyncIterator[Tab]:
    """Open a page in a browser of its own, with an empty profile."""
    assert CHROMIUM is not None
    flags = (*FLAGS, f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}", "--remote-debugging-port=0")
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(CHROMIUM, *flags, "about:blank", stdout=quiet, stderr=quiet)
    try:
        port_file = profile / "DevToolsActivePort"
        async with asyncio.timeout(30):
            while not (port := await asyncio.to_thread(_port, port_file)):  # noqa: ASYNC110  it waits for a file
                await asyncio.sleep(0.02)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                target = next(t for t in await answer.json(content_type=None) if t["type"] == "page")
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                tab = Tab(socket)
                listening = asyncio.create_task(tab.listen())
                for domain in ("Page", "Runtime", "Log"):
                    await tab.call(f"{domain}.enable")
                await tab.call("Page.navigate", url=url)
                yield tab
                listening.cancel()
                await asyncio.wait({listening})
    finally:
        process.terminate()
        await process.wait()
