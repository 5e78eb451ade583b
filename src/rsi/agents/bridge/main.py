"""Stands for a coding agent from outside: asks the kernel for one session with it, and hands on what it changed."""


def propose(message, ask):
    told = ask({"session": {}})
    if "error" in told:
        raise RuntimeError(told["error"])
    return {"proposals": told["proposals"][: message["count"]], "memory": message["memory"], "programs": 0, "usage": told["usage"]}
