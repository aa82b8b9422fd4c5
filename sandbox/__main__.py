"""``python -m sandbox``: run the sandbox alone, on SANDBOX_ADDRESS."""

import warnings

warnings.filterwarnings("ignore", message=".*Eventlet is deprecated")

import eventlet  # noqa: E402

eventlet.monkey_patch()

import signal  # noqa: E402
import sys  # noqa: E402
from types import FrameType  # noqa: E402

from sandbox.server import start  # noqa: E402
from sandbox.settings import BadSettings, Settings  # noqa: E402


def main() -> int:
    try:
        settings = Settings.from_environment()
    except BadSettings as error:
        print(error, file=sys.stderr)
        return 2
    server = start(settings)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        server.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"sandbox: http://{settings.host}:{settings.port}/sandbox", flush=True)
    server.wait()
    return 0


sys.exit(main())
