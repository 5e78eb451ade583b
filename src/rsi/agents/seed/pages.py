"""The places to edit of sources, remembered as long as the machine has memory for them; shared with copies of the agent that are tried."""

from edits import sites
from resources import PAGES_PER_MB

FEWEST, MOST = 16, 4096


class Pages:
    """Sources and their places; who came first is forgotten first."""

    def __init__(self, room=256):
        self.room = room
        self.known = {}

    def make_room(self, machine):
        """Remember as many as the machine's memory suggests; `machine` is the profile that a message may carry."""
        if isinstance(machine, dict) and isinstance(machine.get("memory_mb"), (int, float)):
            self.room = int(max(FEWEST, min(MOST, machine["memory_mb"] * PAGES_PER_MB)))

    def sites(self, source):
        """As `edits.sites`, found once."""
        found = self.known.get(source)
        if found is None:
            found = tuple(sites(source))
            while len(self.known) >= self.room:
                del self.known[next(iter(self.known))]
            self.known[source] = found
        return found


PAGES = Pages()
