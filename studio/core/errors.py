"""The one exception root: every failure a person can meet says what happened and what to do."""


class StudioError(Exception):
    """A failure that is explained to the person instead of shown as a traceback.

    Args:
        what: what happened, one sentence, naming the file or value.
        what_to_do: the next step, one sentence; may be empty when there is none.
        details: technical text that stays one click away.
    """

    def __init__(self, what: str, what_to_do: str = "", *, details: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.what_to_do = what_to_do
        self.details = details

    def __str__(self) -> str:
        return f"{self.what} {self.what_to_do}".strip()

    def to_json(self) -> dict[str, str]:
        """Return the document that `--json` prints: `{"error": …, "what_to_do": …}`."""
        return {"error": self.what, "what_to_do": self.what_to_do}


class BadInput(StudioError):
    """A file, folder or archive that cannot be used as it is."""


class BadConfig(StudioError):
    """A knob value that is unknown, of the wrong type or out of range."""


class BadCheckpoint(StudioError):
    """A checkpoint that is damaged, hostile or belongs to another model."""


class StoreError(StudioError):
    """The workspace cannot be read or written (full disk, read-only folder, damaged database)."""


class NotAvailable(StudioError):
    """Something that needs a download, a device or an extra that is not at hand."""


class Cancelled(Exception):
    """Raised inside long work when the person asked to stop; caught by whoever started it."""
