"""What an episode remembers: the programs it tried with their scores, the best one, edits that may be worth another try."""

import accept
import weights
from pages import PAGES

MOST_PAGES = 4
MOST_PROMISING = 40


class Program:
    """A program that was tried: its scores by instance, and the edits that made it out of its parent."""

    def __init__(self, source, scores, changes=()):
        self.source = source
        self.scores = scores
        self.changes = changes

    def on(self, instances):
        """Its scores on instances, in their order."""
        return [self.scores.get(k) for k in instances]


class Change:
    """An edit, so described that it can be found again in a source that has changed elsewhere."""

    def __init__(self, site, kind, new):
        self.function, self.family, self.kind = site.function, site.family, kind
        self.old, self.new = site.old, new

    @property
    def words(self):
        return weights.in_words(self.old, self.new)


class Places:
    """The places of a source that can be edited, with the kind of line and the weight of each."""

    def __init__(self, source, known, experience):
        self.source, self.known, self.experience = source, known, experience
        try:
            self.sites = PAGES.sites(source)
        except (SyntaxError, ValueError, RecursionError):
            self.sites = ()
        self.tricks, self.texts, self.drawn = {}, {}, {}
        self.kinds = [weights.kind_of(source, site) for site in self.sites]
        self.names = {site.family for site in self.sites}, set(self.kinds)
        self.weights = [weights.of(known, site.family, kind) for site, kind in zip(self.sites, self.kinds)]

    def drawing(self):
        """How likely each place is drawn, beside the others; worked out again whenever something was learned."""
        tried = self.experience.get("all", (0, 0))[0]
        if tried not in self.drawn:
            families, kinds = ({name: self.seen(part, name) for name in names} for part, names in zip(weights.PARTS, self.names))
            seen = [families[site.family] * kinds[kind] for site, kind in zip(self.sites, self.kinds)]
            self.drawn = {tried: [one * factor for one, factor in zip(self.weights, seen)]}
        return self.drawn[tried]

    def seen(self, part, name):
        return weights.seen(self.experience, part, name)

    def option_weights(self, k):
        """How likely each of its texts is drawn, beside the others."""
        return [weights.of_words(self.known, words) * self.seen("words", words) for words in self.words(k)]

    def words(self, k):
        """Each of its changes in words, found once."""
        if k not in self.texts:
            self.texts[k] = [weights.in_words(self.sites[k].old, text) for text in self.sites[k].options]
        return self.texts[k]

    def find(self, change):
        """The number of the site where a change can be made again; None where it cannot."""
        for k, site in enumerate(self.sites):
            if (site.function, site.family, site.old) == (change.function, change.family, change.old) and change.new in site.options:
                return k
        return None

    def matching(self, trick):
        """[(number of a place, text)] of all edits that are a trick, found once."""
        if trick not in self.tricks:
            self.tricks[trick] = [
                (k, text)
                for k, site in enumerate(self.sites)
                for text, words in zip(site.options, self.words(k))
                if trick(site.family, self.kinds[k], words)
            ]
        return self.tricks[trick]


class Tried:
    """The archive of an episode."""

    def __init__(self, program, known):
        self.best = self.parent = program
        self.programs = [program]
        self.sources = {program.source}
        self.promising = []
        self.stuck = 0
        self.last_help = None
        self.known = known
        self.experience = {"all": [0, 0]}
        self.pages = {}

    def places(self, source):
        """The places of a source, found once as long as it is in use."""
        if source not in self.pages:
            if len(self.pages) >= MOST_PAGES:
                del self.pages[next(iter(self.pages))]
            self.pages[source] = Places(source, self.known, self.experience)
        return self.pages[source]

    def take(self, program, instances):
        """A candidate that was run on all instances: whether it takes its parent's place."""
        self.programs.append(program)
        old, new = self.parent.on(instances), program.on(instances)
        taken = accept.better(new, old)
        if accept.mean(new) > accept.mean(self.best.on(instances)):
            self.best = program
        if taken:
            self.parent, self.stuck, self.last_help = program, 0, program.changes[-1]
        elif accept.mean(new) >= accept.mean(old):
            self.promising = [*self.promising[-MOST_PROMISING:], *program.changes]
        return taken

    def learn(self, changes, credit):
        """What this episode may go by from now on."""
        for change in changes:
            weights.count(self.experience, change.family, change.kind, change.words, credit)
            self.experience["all"] = [self.experience["all"][0] + 1, self.experience["all"][1] + credit]

    def ranked(self, instances):
        """All programs that were run to the end, the best first."""
        return sorted(self.programs, key=lambda program: -accept.mean(program.on(instances)))
