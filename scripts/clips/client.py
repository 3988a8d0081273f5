"""The gateway's clips and jobs, as a caller asks for them."""

import urllib.parse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import requests
import requests.auth

from backend.settings import is_loopback
from scripts.clips import body
from scripts.clips.body import Body, OnBytes
from scripts.clips.errors import Refused, Unreachable
from scripts.clips.options import is_picture

TIMEOUT_S = (10, 60)  # to connect, and between two pieces


class Answer(NamedTuple):
    """
    Attributes:
        is_job: the document is a job's, and what was asked for comes later.
    """

    document: Any
    is_job: bool


class _Bearer(requests.auth.AuthBase):
    """Unlike a header, it does not give way to a .netrc."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class ClipsClient:
    """
    Args:
        url: of the gateway, without a slash at its end.
        ca: certificates to trust instead of the system's.
    """

    def __init__(self, url: str, key: str | None, ca: Path | None = None) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.headers["Prefer"] = "respond-async"
        if key is not None:
            self._session.auth = _Bearer(key)
        self._verify = True if ca is None else str(ca)
        # No proxy stands before loopback.
        self._session.trust_env = not is_loopback(urllib.parse.urlsplit(url).hostname or "")

    def close(self) -> None:
        self._session.close()

    def clips(self) -> Any:
        return self._ask("GET", "/v1/clips").json()

    def model(self, name: str) -> Any:
        return self._ask("GET", f"/v1/models/{_quoted(name)}").json()

    def upload(
        self, files: Sequence[Path], sampling: Mapping[str, str], on_bytes: OnBytes
    ) -> Answer:
        pictures = is_picture(files[0])
        opened = body.burst(files, on_bytes) if pictures else body.video(files[0], on_bytes)
        with opened as (data, media_type):
            return _answer(
                self._ask(
                    "POST", "/v1/clips", sampling, data=data, headers={"Content-Type": media_type}
                )
            )

    def clip(self, clip: str) -> Any:
        return self._ask("GET", f"/v1/clips/{_quoted(clip)}").json()

    def best_shot(self, clip: str, query: Mapping[str, str]) -> Answer:
        return _answer(self._ask("POST", f"/v1/clips/{_quoted(clip)}/best-shot", query))

    def infer(self, clip: str, query: Mapping[str, str]) -> Answer:
        return _answer(self._ask("POST", f"/v1/clips/{_quoted(clip)}/infer", query))

    def frame(self, clip: str, number: int) -> bytes:
        """A whole JPEG file."""
        return self._ask("GET", f"/v1/clips/{_quoted(clip)}/frames/{number}.jpg").content

    def delete_clip(self, clip: str) -> None:
        self._ask("DELETE", f"/v1/clips/{_quoted(clip)}")

    def job(self, job: str) -> Any:
        return self._ask("GET", f"/v1/jobs/{_quoted(job)}").json()

    def cancel(self, job: str) -> Any:
        return self._ask("DELETE", f"/v1/jobs/{_quoted(job)}").json()

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] = {},
        *,
        data: Body | None = None,
        headers: Mapping[str, str] = {},
    ) -> requests.Response:
        """
        Raises:
            Refused: with what the gateway says.
            Unreachable: it says nothing.
        """
        try:
            response = self._session.request(
                method,
                f"{self._url}{path}",
                params=dict(query),
                data=data,
                headers=dict(headers),
                timeout=TIMEOUT_S,
                verify=self._verify,
                allow_redirects=False,
            )
        except requests.exceptions.SSLError as error:
            raise Unreachable(
                f"The certificate of {self._url} is not trusted: name its authority with --ca."
            ) from error
        except requests.exceptions.Timeout as error:
            raise Unreachable(f"{self._url} did not answer in time.") from error
        except requests.exceptions.RequestException as error:
            what = "the connection broke" if data is not None else "there is no connection"
            raise Unreachable(f"{self._url} cannot be reached: {what}.") from error
        if not 200 <= response.status_code < 300:
            raise _refusal(response)
        return response


def _answer(response: requests.Response) -> Answer:
    return Answer(response.json(), is_job=response.status_code == 202)


def _refusal(response: requests.Response) -> Refused:
    try:
        said = response.json()
    except ValueError:
        said = None
    # A proxy in front of the gateway refuses in words of its own.
    if not (isinstance(said, dict) and "detail" in said):
        said = {"detail": f"The gateway answered {response.status_code} {response.reason}."}
    return refused(said | {"status": response.status_code})


def refused(problem: Mapping[str, Any]) -> Refused:
    """A problem document, or the problem of a job."""
    wait_ms = problem.get("retry_after_ms")
    return Refused(
        problem["status"],
        problem.get("code"),
        problem["detail"],
        None if wait_ms is None else wait_ms / 1000,
    )


def _quoted(name: str) -> str:
    return urllib.parse.quote(name, safe="")
