"""One suite of tests per protocol: subclass it, give it a subject, and every implementation proves the same contract."""

__all__: list[str] = []
