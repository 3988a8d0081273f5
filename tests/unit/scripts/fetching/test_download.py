"""Files from a hub that fails in every way it can."""

import hashlib
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from benchmarks.processes import free_port
from scripts.fetching import download as fetching
from scripts.fetching import hub as hubs
from scripts.fetching.download import download
from scripts.fetching.errors import (
    CannotWrite,
    HubFails,
    HubRefuses,
    HubUnreachable,
    UsageError,
    WrongFile,
)
from scripts.fetching.stream import Hub, check_address
from tests.hub import COMMIT, PlayedHub, played_hub

PATH = "owner/model/weights.bin"
ELSEWHERE = f"/elsewhere/{PATH}"
CONTENT = random.Random(1).randbytes(2 * 2**20)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def hub() -> Iterator[PlayedHub]:
    with played_hub() as played:
        played.files[PATH] = CONTENT
        yield played


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.trust_env = False
        yield made


class Fetch:
    """One file into a folder; pauses are counted, not waited for."""

    def __init__(self, hub: PlayedHub, session: requests.Session, folder: Path) -> None:
        self.target = folder / "deep/weights.bin"
        self.part = folder / "deep/weights.bin.part"
        self.pauses_s: list[float] = []
        self._hub, self._session = hub, session

    def __call__(self, *, sha256: str | None = None, token: str | None = None) -> str:
        return download(
            self._session,
            Hub(self._hub.address, token),
            self._hub.url(PATH),
            self.target,
            sha256=sha256,
            sleep=self.pauses_s.append,
        )


@pytest.fixture
def fetch(hub: PlayedHub, session: requests.Session, tmp_path: Path) -> Fetch:
    return Fetch(hub, session, tmp_path)


@pytest.mark.parametrize("large", [False, True])
def test_a_file_comes_whole_with_its_digest(hub: PlayedHub, fetch: Fetch, large: bool) -> None:
    hub.large = {PATH} if large else set()
    assert fetch() == SHA256
    assert fetch.target.read_bytes() == CONTENT
    assert [path.name for path in fetch.target.parent.iterdir()] == ["weights.bin"]
    assert fetch.pauses_s == []


@pytest.mark.parametrize("large", [False, True])
def test_a_broken_connection_is_taken_up_where_it_broke(
    hub: PlayedHub, fetch: Fetch, large: bool
) -> None:
    hub.large = {PATH} if large else set()
    path = ELSEWHERE if large else hub.url(PATH).removeprefix(hub.address)
    hub.faults[path] = ["cut", "cut"]
    assert fetch() == SHA256
    assert fetch.target.read_bytes() == CONTENT
    asked = [headers.get("Range") for seen, headers in hub.seen if seen == path]
    assert asked[0] is None
    starts = [int((each or "").removeprefix("bytes=").rstrip("-")) for each in asked[1:]]
    assert starts == [2**20, 2**20 + 2**19]
    # Each time it got further, so patience began anew.
    assert fetch.pauses_s == [1.0, 1.0]


def test_what_an_earlier_fetch_left_is_not_fetched_again(hub: PlayedHub, fetch: Fetch) -> None:
    hub.fail(PATH, "cut", 404)
    with pytest.raises(HubRefuses):
        fetch()
    assert fetch.part.stat().st_size == 2**20
    assert not fetch.target.exists()
    assert fetch() == SHA256
    assert hub.ranges()[-1] == f"bytes={2**20}-"


def test_a_file_that_changed_meanwhile_is_fetched_from_its_start(
    hub: PlayedHub, fetch: Fetch
) -> None:
    hub.fail(PATH, "cut", 404)
    with pytest.raises(HubRefuses):
        fetch()
    hub.files[PATH] = b"another file altogether"
    fetch()
    assert fetch.target.read_bytes() == b"another file altogether"


@pytest.mark.parametrize("large", [False, True])
def test_bytes_that_are_not_the_announced_ones_are_refused_and_removed(
    hub: PlayedHub, fetch: Fetch, large: bool
) -> None:
    hub.large = {PATH} if large else set()
    hub.faults[ELSEWHERE if large else hub.url(PATH).removeprefix(hub.address)] = ["corrupt"]
    with pytest.raises(WrongFile, match=r"digest .* the one announced is"):
        fetch()
    assert not fetch.target.exists()
    assert not fetch.part.exists()


def test_a_file_is_held_to_its_first_digest_ever_after(hub: PlayedHub, fetch: Fetch) -> None:
    first = fetch()
    fetch.target.unlink()
    hub.files[PATH] = b"moved under the same commit"
    with pytest.raises(WrongFile, match=f"the one first fetched is {first}"):
        fetch(sha256=first)
    assert not fetch.target.exists()


def test_a_file_that_is_there_is_not_asked_for(hub: PlayedHub, fetch: Fetch) -> None:
    first = fetch()
    asked = len(hub.seen)
    assert fetch(sha256=first) == first
    assert len(hub.seen) == asked


def test_failures_that_pass_are_waited_out(hub: PlayedHub, fetch: Fetch) -> None:
    hub.fail(PATH, 503, 500, 429)
    assert fetch() == SHA256
    assert fetch.pauses_s == [1.0, 2.0, 4.0]


def test_failures_that_do_not_pass_end_it(hub: PlayedHub, fetch: Fetch) -> None:
    hub.fail(PATH, *[502] * 9)
    with pytest.raises(HubFails, match=r"answered 502\. Tried 5 times"):
        fetch()
    assert fetch.pauses_s == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize(
    ("status", "says"), [(404, "is not there"), (401, "HF_TOKEN"), (403, "accept the conditions")]
)
def test_refusals_are_not_asked_again(hub: PlayedHub, fetch: Fetch, status: int, says: str) -> None:
    hub.fail(PATH, status)
    with pytest.raises(HubRefuses, match=says):
        fetch()
    assert fetch.pauses_s == []


def test_the_token_goes_to_the_hub_and_to_nobody_it_leads_to(hub: PlayedHub, fetch: Fetch) -> None:
    with played_hub() as other:
        other.files[PATH] = CONTENT
        hub.fail(PATH, f"{other.address}{ELSEWHERE}")
        fetch(token="secret")
        assert hub.seen[0][1]["Authorization"] == "Bearer secret"
        assert [path for path, _ in other.seen] == [ELSEWHERE]
        assert "Authorization" not in other.seen[0][1]


@pytest.mark.parametrize("target", ["http://files.example/weights.bin", "ftp://127.0.0.1/x"])
def test_a_redirect_to_where_files_can_be_changed_on_the_way_is_refused(
    hub: PlayedHub, fetch: Fetch, target: str
) -> None:
    hub.fail(PATH, target)
    with pytest.raises(HubRefuses, match="not https"):
        fetch()


def test_redirects_that_never_end_are_refused(hub: PlayedHub, fetch: Fetch) -> None:
    hub.fail(PATH, *[hub.url(PATH)] * 20)
    with pytest.raises(HubRefuses, match="more than 5 redirects"):
        fetch()


def test_without_a_network_it_says_so(session: requests.Session, tmp_path: Path) -> None:
    nobody = Hub(f"http://127.0.0.1:{free_port()}")
    pauses_s: list[float] = []
    with pytest.raises(HubUnreachable, match=r"there is no connection.*HTTPS_PROXY"):
        hubs.listing(session, nobody, "owner/model", "main", sleep=pauses_s.append)
    assert pauses_s == [1.0, 2.0, 4.0, 8.0]


def test_a_full_disk_is_noticed_before_the_first_byte(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=256 * 2**20 + 10))
    with pytest.raises(CannotWrite, match="2097152 more are to come"):
        fetch()
    assert not fetch.part.exists()


def test_a_folder_that_cannot_be_written_to_is_named(fetch: Fetch) -> None:
    fetch.target.parent.write_text("a file where the folder should be")
    with pytest.raises(CannotWrite, match="cannot be written"):
        fetch()


def test_a_file_beyond_every_model_is_refused(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MOST_BYTES", 1_000_000)
    with pytest.raises(WrongFile, match="no model of the zoo has more"):
        fetch()


def test_progress_is_told_from_the_first_byte_to_the_last(
    hub: PlayedHub, session: requests.Session, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    download(
        session,
        Hub(hub.address),
        hub.url(PATH),
        tmp_path / "x",
        on_bytes=lambda done, total: told.append((done, total)),
    )
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)


def test_a_listing_names_the_commit_the_files_and_the_licence(
    hub: PlayedHub, session: requests.Session
) -> None:
    found = hubs.listing(session, Hub(hub.address), "owner/model", "main")
    assert (found.revision, found.license) == (COMMIT, "mit")
    assert found.files == {"weights.bin"}
    with pytest.raises(HubRefuses, match="not there"):
        hubs.listing(session, Hub(hub.address), "owner/nobody", "main")


@pytest.mark.parametrize("address", ["http://hub.example", "hub.example", "file:///x", "https://"])
def test_a_hub_is_asked_over_https_unless_it_is_here(address: str) -> None:
    with pytest.raises(UsageError, match="no https address"):
        check_address(address)
    assert check_address("https://hub.example/") == "https://hub.example"
    assert check_address("http://127.0.0.1:8/") == "http://127.0.0.1:8"
