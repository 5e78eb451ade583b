"""What the road to models costs beside the model: `python benchmarks/models.py [CALLS]`.

CPU of starting the gateway process, and wall and CPU of a call through it to a scripted server on the loopback (the server's CPU is in
the kernel's), with a record; and of a replayed one.
"""

import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from rsi.config import ModelsConfig
from rsi.kernel.models import ModelGateway, Replay, open_gateway
from rsi.testing.chat_server import ChatServer

__all__ = ["main"]

TEXT = "What is to be done about this program? " * 200


def main(calls: int) -> None:
    """Measure and print."""
    with ChatServer() as server, tempfile.TemporaryDirectory() as folder:
        config = ModelsConfig(model="openai:scripted", base_url=server.base_url, tokens=10**9, calls=10**6)
        road = open_gateway(config, Path(folder), environment=os.environ)
        assert isinstance(road, ModelGateway)
        began = time.perf_counter()
        _ask(road, 0)
        started = time.perf_counter() - began
        cpu = time.process_time()
        waits = [_timed(road, k) for k in range(1, calls + 1)]
        cpu = time.process_time() - cpu
        road.close()
        process = resource.getrusage(resource.RUSAGE_CHILDREN)
        replay = Replay(Path(folder), models=(config.model,), max_tokens=config.max_tokens_per_call)
        told = time.process_time()
        again = [_timed(replay, k) for k in range(1, calls + 1)]
        told = time.process_time() - told
    print(f"process: first answer after {started:.1f} s, {process.ru_utime + process.ru_stime:.2f} s of CPU with {calls} calls")
    print(f"one call: {1e3 * statistics.median(waits):.1f} ms (median), {1e3 * cpu / calls:.1f} ms of CPU in the kernel and the server")
    print(f"one replayed call: {1e3 * statistics.median(again):.2f} ms (median), {1e3 * told / calls:.2f} ms of CPU")


def _ask(road: ModelGateway | Replay, k: int) -> None:
    said = road.chat({"messages": [{"role": "user", "content": f"{k}: {TEXT}"}]}, purpose="benchmark")
    assert isinstance(said, dict) and "chat" in said, said


def _timed(road: ModelGateway | Replay, k: int) -> float:
    began = time.perf_counter()
    _ask(road, k)
    return time.perf_counter() - began


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
