"""Serves a real, very small language model on the loopback: `python tests/small_model.py PATH-OF-WEIGHTS` prints its address, then waits.

llama.cpp by way of `xllamacpp`, one thread. It ends when its standard input does.
"""

import sys


def main() -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.n_ctx, params.n_parallel, params.warmup = 1_024, 1, False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
