"""Programs that run foreign tasks, in a jail or in the process that scores; they import nothing of rsi and are sent or started as files."""

__all__: list[str] = []
