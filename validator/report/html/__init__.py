"""The report as one HTML file: everything inside, nothing fetched, bounded whatever the number of rows.

`page` puts sections together; each section is one function that gathers plain data and one template that shows it.
"""

from validator.report.html.page import write_html

__all__ = ["write_html"]
