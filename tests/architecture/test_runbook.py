"""The operator's handbook has a row for every error code, and names what there is."""

import re

from backend.gateway.reference.problems import ALL
from tests.processes import PROJECT

HANDBOOK = (PROJECT / "docs/operations.md").read_text()


def section(title: str) -> str:
    _, _, rest = HANDBOOK.partition(f"\n## {title}\n")
    assert rest, title
    return rest.partition("\n## ")[0]


def test_every_error_code_has_one_row_of_meaning_place_and_remedy() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section("Error codes").splitlines()
        if line.startswith("| `")
    ]
    assert all(len(row) == 4 and all(row) for row in rows)
    named = [code for row in rows for code in re.findall("`([a-z_]+)`", row[0])]
    assert sorted(named) == sorted({problem.code for problem in ALL})


def test_metrics_that_the_handbook_names_exist() -> None:
    modules = [*(PROJECT / "backend").rglob("*metrics.py")]
    source = "\n".join(path.read_text() for path in modules)
    codes = {problem.code for problem in ALL}
    for name in set(re.findall(r"`((?:framegate|enrichment)_[a-z_]+)", HANDBOOK)) - codes:
        stem = re.sub("_(hits|misses|errors)_total$", "_", name)
        assert stem in source, name


def test_variables_that_the_handbook_names_exist() -> None:
    known = (PROJECT / "docs/settings.md").read_text()
    elsewhere = {"FRAMEGATE_SECRETS_DIR", "FRAMEGATE_LOADTEST_API_KEY", "FRAMEGATE_TRITON_IMAGE"}
    for name in set(re.findall(r"FRAMEGATE_[A-Z_]+[A-Z]", HANDBOOK)) - elsewhere:
        assert f"`{name}`" in known, name
