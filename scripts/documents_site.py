"""What MkDocs calls while it builds the site: see mkdocs.yml."""

import posixpath
import re
from typing import Any

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|mailto:|#)([^)\s]+)\)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links to files of the project that are no documents become their names: the site has not got
    those files."""
    folder = posixpath.dirname(page.file.src_uri)
    return _LINK.sub(lambda link: _on_the_site(link, folder), markdown)


def _on_the_site(link: re.Match[str], folder: str) -> str:
    text, target = link.groups()
    outside = posixpath.normpath(posixpath.join(folder, target)).startswith("../")
    return text if outside else link[0]
