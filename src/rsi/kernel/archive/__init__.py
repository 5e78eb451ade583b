"""All candidates of a run as git objects, and an SQLite index over its log that can be dropped and rebuilt."""
