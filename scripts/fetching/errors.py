"""What can stop a model from being fetched.

FetchFailed
├── UsageError       flags that do not go together
├── HubUnreachable   no connection at all: no other model can be fetched either
├── HubRefuses       401, 403, 404: asking again does not help
├── HubFails         5xx or broken transfers, again and again
├── WrongFile        size or digest is not what was announced or first met
├── NotFetchable     this program cannot make this model, and says what would
├── WrongNetwork     the weights are not those of the network
├── WrongRow         the catalogue says something else of the model
├── WrongAnswers     the ONNX file answers otherwise than the network
├── FetchRunning     another fetch holds the lock
└── CannotWrite      the folder or the disk refuses
"""


class FetchFailed(Exception):
    """Its message is a sentence for the operator. The model's folder is as it was before."""

    exit_code = 1


class UsageError(FetchFailed):
    exit_code = 2


class HubUnreachable(FetchFailed):
    pass


class HubRefuses(FetchFailed):
    pass


class HubFails(FetchFailed):
    pass


class WrongFile(FetchFailed):
    pass


class NotFetchable(FetchFailed):
    pass


class WrongNetwork(FetchFailed):
    pass


class WrongRow(FetchFailed):
    pass


class WrongAnswers(FetchFailed):
    pass


class FetchRunning(FetchFailed):
    pass


class CannotWrite(FetchFailed):
    pass
