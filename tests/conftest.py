"""What every test shares: no network, a clean environment, a work folder of its own, the real data where it lies."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only loopback answers; no variable of the user's shell has a say; relative paths land in tmp_path."""
    connect = socket.socket.connect

    def only_loopback(self: socket.socket, address: object) -> None:
        host = str(address[0]) if isinstance(address, tuple) else ""
        if self.family in (socket.AF_INET, socket.AF_INET6) and not host.startswith(("127.", "::1", "localhost")):
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", only_loopback)
    for name in ("RSDATA_DATA", "GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real samples that lies beside the checkout of the project's own developers."""
    folder = (ROOT / "../shared/data").resolve()
    if not (folder / "COUNTS.json").is_file():
        pytest.skip("the real samples (../shared/data) are not on this machine")
    return folder


@pytest.fixture(scope="session")
def counts(shared_data: Path) -> dict:
    """Independent counts of the real samples."""
    import json

    return json.loads((shared_data / "COUNTS.json").read_text())
