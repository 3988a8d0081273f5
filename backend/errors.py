"""Everything the backend can refuse or fail at. Knows nothing of HTTP.

FramegateError
├── BadInput
│   ├── MalformedRequest        not the form a route asks for
│   ├── UnsupportedEncoding     a compressed body
│   ├── UnsupportedPicture      not a JPEG, PNG or WebP, or not what it says it is
│   ├── UndecodablePicture      broken or cut off
│   ├── PictureTooLarge         more pixels than allowed
│   ├── PictureTooSmall         too few pixels to judge
│   ├── AnimatedPicture         more than one frame
│   ├── SlowBody                the body did not arrive in time
│   ├── UnknownModel            no model of that name in the zoo
│   ├── ModelDisabled           a model of the zoo that is switched off
│   ├── ClipRefused
│   │   ├── ClipNotFound        never kept, deleted, or gone to make room
│   │   ├── FrameNotFound       the clip has fewer
│   │   ├── UnsupportedClip     not MP4, WebM or MJPEG, or of a codec that is not decoded
│   │   ├── UndecodableClip     broken or cut off
│   │   ├── ClipTooLarge        more bytes, pixels, frames or streams than allowed
│   │   ├── SlowClip            takes longer to decode than allowed
│   │   └── ClipQuotaExceeded   the caller keeps as much as it may; waiting helps
│   ├── JobNotFound             never begun, long done, or lost with its process
│   └── JobCancelled            by its owner, while somebody waited for it
├── Denied
│   ├── Unauthenticated         no key, or one that is not known
│   ├── Forbidden               the key lacks the scope that the route needs
│   └── RateLimited             more requests than the caller may send; waiting helps
├── Draining                    about to stop; another gateway answers, so that waiting helps
├── DeadlineExceeded            the caller's own time is up; what was not begun is not done
├── Overloaded                  no room now; waiting helps
├── NoRoomForBody               too many request bodies are on their way; waiting helps
├── NoRoomForClip               the clips that are kept are all in use; waiting helps
├── ZooError
│   ├── ModelTooLarge           more than the budget of memory without what is pinned
│   ├── ModelFailed             could not be loaded, and is not tried for a while; waiting helps
│   ├── ZooBusy                 no room for the model, or it is not loaded in time; waiting helps
│   └── EnrichmentUnavailable   its process does not answer, or not in time; waiting helps
└── TritonError
    ├── TritonUnavailable       cannot be reached, or the model is not ready; waiting helps
    ├── TritonOverloaded        its queue is full; waiting helps
    ├── TritonTimeout           did not answer in time; waiting helps
    ├── TritonFailed            refused the request or failed in the model
    └── RandomWeights           the model's weights were drawn, and nobody has allowed that
"""


class FramegateError(Exception):
    """The text is written for the caller: what is wrong and what to do next.

    Args:
        retry_after_s: where waiting helps and this error knows better than its type for how long.
    """

    def __init__(self, text: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class BadInput(FramegateError):
    """The caller can fix it."""


class MalformedRequest(BadInput):
    pass


class UnsupportedEncoding(BadInput):
    pass


class UnsupportedPicture(BadInput):
    pass


class UndecodablePicture(BadInput):
    pass


class PictureTooLarge(BadInput):
    pass


class PictureTooSmall(BadInput):
    pass


class AnimatedPicture(BadInput):
    pass


class SlowBody(BadInput):
    pass


class UnknownModel(BadInput):
    pass


class ModelDisabled(BadInput):
    pass


class ClipRefused(BadInput):
    """A clip that is not there or cannot be kept."""


class ClipNotFound(ClipRefused):
    pass


class FrameNotFound(ClipRefused):
    pass


class UnsupportedClip(ClipRefused):
    pass


class UndecodableClip(ClipRefused):
    pass


class ClipTooLarge(ClipRefused):
    pass


class SlowClip(ClipRefused):
    pass


class ClipQuotaExceeded(ClipRefused):
    pass


class JobNotFound(BadInput):
    pass


class JobCancelled(BadInput):
    pass


class Denied(FramegateError):
    """The caller may not, or not now."""


class Unauthenticated(Denied):
    pass


class Forbidden(Denied):
    pass


class RateLimited(Denied):
    pass


class Draining(FramegateError):
    pass


class DeadlineExceeded(FramegateError):
    pass


class Overloaded(FramegateError):
    pass


class NoRoomForBody(FramegateError):
    pass


class NoRoomForClip(FramegateError):
    pass


class ZooError(FramegateError):
    """A model of the zoo that cannot be had."""


class ModelTooLarge(ZooError):
    pass


class ModelFailed(ZooError):
    pass


class ZooBusy(ZooError):
    pass


class EnrichmentUnavailable(ZooError):
    pass


class TritonError(FramegateError):
    """Something between the gateway and the model."""


class TritonUnavailable(TritonError):
    pass


class TritonOverloaded(TritonError):
    pass


class TritonTimeout(TritonError):
    pass


class TritonFailed(TritonError):
    pass


class RandomWeights(TritonError):
    pass
