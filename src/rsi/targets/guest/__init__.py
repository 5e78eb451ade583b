"""Programs that run in processes of their own and import nothing of rsi: the worker that scores, and the starter of commands in a jail."""

__all__: list[str] = []
