"""Everything the backend can refuse or fail at. Knows nothing of HTTP.

FramegateError
├── BadInput
│   ├── MalformedRequest        not the form a route asks for
│   ├── UnsupportedPicture      not a JPEG, PNG or WebP, or not what it says it is
│   ├── UndecodablePicture      broken or cut off
│   ├── PictureTooLarge         more pixels than allowed
│   ├── PictureTooSmall         too few pixels to judge
│   ├── AnimatedPicture         more than one frame
│   └── SlowBody                the body did not arrive in time
├── DeadlineExceeded            the caller's own time is up; what was not begun is not done
├── Overloaded                  no room now; waiting helps
│   └── NoRoomForBody           too many request bodies are on their way; waiting helps
└── TritonError
    ├── TritonUnavailable       cannot be reached, or the model is not ready; waiting helps
    ├── TritonOverloaded        its queue is full; waiting helps
    ├── TritonTimeout           did not answer in time; waiting helps
    └── TritonFailed            refused the request or failed in the model
"""


class FramegateError(Exception):
    """The text is written for the caller: what is wrong and what to do next."""


class BadInput(FramegateError):
    """The caller can fix it."""


class MalformedRequest(BadInput):
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


class DeadlineExceeded(FramegateError):
    pass


class Overloaded(FramegateError):
    pass


class NoRoomForBody(Overloaded):
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
