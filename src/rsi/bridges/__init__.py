"""Our judge in other people's loops: each module fits one of them, imports nothing of it, and needs nothing of rsi but the judge."""

__all__: list[str] = []
