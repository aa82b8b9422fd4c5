"""``python -m sandbox``: run the sandbox alone, on SANDBOX_ADDRESS."""

import warnings

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

import eventlet  # noqa: E402

eventlet.monkey_patch()

import signal  # noqa: E402
import sys  # noqa: E402

from sandbox.server import start  # noqa: E402
from sandbox.settings import BadSettings, Settings  # noqa: E402


def main() -> int:
    try:
        settings = Settings.from_environment()
    except BadSettings as error:
        print(error, file=sys.stderr)
        return 2
    server = start(settings)
    # Raised inside the hub's wait, SystemExit ends the process at once; what was due is in the store.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(0))
    signal.signal(signal.SIGINT, lambda _signal, _frame: sys.exit(0))
    print(f"sandbox: http://{settings.host}:{server.port}/sandbox", flush=True)
    server.wait()
    return 0


sys.exit(main())
