"""What happened in a run, kept so that nothing is lost or changed unseen: event log, spool of early results, lock of the folder."""
