"""The ways in and out: our judge in other people's loops (`gepa`), and people and agents from outside in ours.

From outside: `tree` (work trees), `context` and `brief` (what they are told), `hand` and `inbox` (what they hand in), `counter`,
`practice`, `usage` and `server` (`rsi mcp`), `session`, `places`, `carrier`, `rights` and `acp` (agents that a run starts).
"""

__all__: list[str] = []
