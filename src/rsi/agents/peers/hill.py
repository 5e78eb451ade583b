"""Hill climbing: an edit or two at a time to the best program so far; kept if it is not worse."""


def search(desk):
    best = desk.start
    while True:
        source = desk.fresh(lambda: desk.edited(best.source))
        if source is None:
            return
        best = desk.measure(source, best) or best
