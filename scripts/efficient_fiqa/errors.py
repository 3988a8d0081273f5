"""What can stop an import.

ImportFailed
├── UsageError            flags that do not go together
├── SourceUnavailable     no such file, no answer, too slow
├── WrongFile             size or digest is not that of the published checkpoint
├── WrongTensors          not the tensors of this network
├── DriftTooLarge         the exported graph answers otherwise than the network
├── ImportRunning         another import holds the lock
└── CannotWrite           the folder or the disk refuses
"""


class ImportFailed(Exception):
    """Its message is a sentence for the operator. The model folder is as it was before."""

    exit_code = 1


class UsageError(ImportFailed):
    exit_code = 2


class SourceUnavailable(ImportFailed):
    pass


class WrongFile(ImportFailed):
    pass


class WrongTensors(ImportFailed):
    pass


class DriftTooLarge(ImportFailed):
    pass


class ImportRunning(ImportFailed):
    pass


class CannotWrite(ImportFailed):
    pass
