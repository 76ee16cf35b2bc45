"""Links of docs/ that leave it: to files of the repository on GitHub, to its source on the site of mkdocs.yml.

A hook of mkdocs. A file that is not there is a warning, which the strict build refuses.
"""

from __future__ import annotations

import logging
import posixpath
import re
from pathlib import Path
from typing import Any

LINK = re.compile(r"(?<=\]\()(?P<path>(?:\.\./)+[^)#\s]*)(?=[)#])")
log = logging.getLogger("mkdocs.hooks.site_links")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """The text of a page, links to files outside docs/ as addresses in the repository."""
    root = Path(config.config_file_path).parent
    folder = posixpath.join(Path(config.docs_dir).name, posixpath.dirname(page.file.src_uri))

    def source(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, link["path"]))
        if path.startswith("docs/"):
            return link[0]
        if not (root / path).exists():
            log.warning("%s links to %s, which is not there", page.file.src_uri, link["path"])
        return f"{config.extra['repository']}/{'tree' if (root / path).is_dir() else 'blob'}/main/{path}"

    return LINK.sub(source, markdown)
