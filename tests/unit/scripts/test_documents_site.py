from types import SimpleNamespace

import pytest

from scripts.documents_site import on_page_markdown


@pytest.mark.parametrize(
    ("page", "written", "shown"),
    [
        ("operations.md", "the [Procfile](../Procfile).", "the Procfile."),
        ("operations.md", "[settings](settings.md#top)", "[settings](settings.md#top)"),
        (
            "models/README.md",
            "[measures](../quality-measures.md)",
            "[measures](../quality-measures.md)",
        ),
        ("models/README.md", "[limits](../../monitor/thresholds.toml)", "limits"),
        ("api.md", "[away](https://example.org/../x)", "[away](https://example.org/../x)"),
        ("api.md", "![a picture](../images/x.png)", "![a picture](../images/x.png)"),
        ("api.md", "[here](#there)", "[here](#there)"),
    ],
)
def test_links_that_lead_out_of_the_documents_become_names(
    page: str, written: str, shown: str
) -> None:
    place = SimpleNamespace(file=SimpleNamespace(src_uri=page))
    assert on_page_markdown(written, page=place) == shown
