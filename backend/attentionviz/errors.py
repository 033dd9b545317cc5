"""All errors that users can meet: a stable code, an HTTP status, and one helpful sentence."""


class AppError(Exception):
    """An error with a message meant for the user: what, where, and what to do.

    Attributes
    ----------
    code : str
        Stable name in snake case, the same in the API, the terminal and the tests.
    status : int
        HTTP status of the API's answer; the command line exits with 2.
    retry_after_s : int or None
        Seconds after which a retry makes sense; None if it never does.
    """

    code = "internal_error"
    status = 500
    retry_after_s: int | None = None


class InvalidRequestError(AppError):
    """The request or the arguments are malformed."""

    code = "invalid_request"
    status = 400


class NotSignedInError(AppError):
    """A token is required, and it is missing or wrong."""

    code = "not_signed_in"
    status = 401


class RoleMissingError(AppError):
    """The role of the token does not allow this."""

    code = "role_missing"
    status = 403


class TooManyFailuresError(AppError):
    """Too many recent failures to sign in; try again later."""

    code = "too_many_failures"
    status = 429

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotFoundError(AppError):
    """Something named in the request does not exist; there is no fallback."""

    code = "not_found"
    status = 404


class DatasetNotFoundError(NotFoundError):
    """No dataset of that name."""

    code = "dataset_not_found"


class HeadOutOfRangeError(NotFoundError):
    """A layer or head outside the model."""

    code = "head_out_of_range"


class MethodNotFoundError(NotFoundError):
    """A projection method that is unknown, or absent from the dataset."""

    code = "method_not_found"


class VectorsNotStoredError(NotFoundError):
    """Queries and keys that the dataset was built without, see ``--keep-vectors``."""

    code = "vectors_not_stored"


class NotReadyError(AppError):
    """A part of a dataset that is still being built."""

    code = "not_ready"
    status = 409


class DamagedDatasetError(AppError):
    """A file of a dataset does not match its manifest.

    Attributes
    ----------
    is_recorded : bool
        Whether the damaged file was recorded in the damage log.
    """

    code = "dataset_damaged"
    status = 500
    is_recorded = False


class OutdatedDatasetError(DamagedDatasetError):
    """An undamaged dataset in the format of another version of this program."""

    code = "dataset_outdated"


class CorpusError(AppError):
    """A corpus that cannot be read."""

    code = "corpus_invalid"
    status = 400


class ModelNotAvailableError(AppError):
    """A model that cannot be loaded on this machine."""

    code = "model_not_available"
    status = 400


class UnsupportedModelError(AppError):
    """A model whose attention cannot be reproduced from queries and keys."""

    code = "model_not_supported"
    status = 400


class OutOfMemoryError(AppError):
    """A model that needs more memory than is available."""

    code = "out_of_memory"
    status = 507


class InvalidTextError(AppError):
    """A typed text that cannot be read."""

    code = "text_invalid"
    status = 400


class InvalidImageError(AppError):
    """An uploaded image that cannot be read."""

    code = "image_invalid"
    status = 400


class TooLargeError(AppError):
    """A request that exceeds the limit of its size."""

    code = "too_large"
    status = 413


class LiveUnavailableError(AppError):
    """Texts or images cannot be added to a dataset on this machine."""

    code = "live_unavailable"
    status = 409


class BusyError(AppError):
    """The request may succeed later."""

    code = "busy"
    status = 503
    retry_after_s = 2


class PageError(AppError):
    """The page was not built."""

    code = "page_not_built"
    status = 503


class ShapeError(AppError):
    """An array of another shape or dtype than the function needs."""

    code = "shape_mismatch"
    status = 500


class BuildError(AppError):
    """A build that failed; names layer, head and method where there is one."""

    code = "build_failed"
    status = 500


class ConfigError(AppError):
    """A setting that is unknown, malformed or unsafe."""

    code = "config_invalid"
    status = 400
