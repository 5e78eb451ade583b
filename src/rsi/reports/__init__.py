"""The report of a run for people who were not there: Markdown, HTML and one JSON object, all computed from the log and the archive."""

from rsi.reports.story import report_of
from rsi.reports.summary import summary_of
from rsi.reports.write import write_report

__all__ = ["report_of", "summary_of", "write_report"]
