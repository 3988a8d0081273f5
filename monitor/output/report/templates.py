"""How pages are rendered: everything escaped, nothing undefined passed over in silence."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent


def page_templates(folder: Path = HERE) -> Environment:
    """The templates of a folder; page.css, the look that all pages share, is there as well."""
    return Environment(
        loader=FileSystemLoader([folder, HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
