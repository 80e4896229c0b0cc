"""Text files as people hand them over: read as UTF-8 with errors that say what to do, written whole or not at all."""

import os
import tempfile
from pathlib import Path

from coding_service.errors import InputError, NotFoundError


def read_text(path: Path, *, error: type[InputError] = InputError) -> str:
    """Read a UTF-8 file; a byte order mark is dropped.

    Raises
    ------
    NotFoundError
        If there is no such file.
    InputError
        If it is a folder, may not be read or is not UTF-8; ``error`` picks a narrower class.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError(f"There is no file {str(path)!r}.", hint="Check the path.") from None
    except IsADirectoryError:
        raise error(f"{str(path)!r} is a folder, expected a file.", hint="Name a file inside it.") from None
    except OSError as failure:
        raise error(f"{str(path)!r} cannot be read: {failure.strerror}.", hint="Check its permissions.") from failure
    return decode(content, str(path), error=error)


def decode(content: bytes, name: str, *, error: type[InputError] = InputError) -> str:
    """Decode UTF-8; a byte order mark is dropped.

    Parameters
    ----------
    content : bytes
        What was read.
    name : str
        The file, or ``standard input``, for the message.
    error : type of InputError
        The class to raise.

    Raises
    ------
    InputError
        If the bytes are not UTF-8; the message names the line, never the text.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        line = content.count(b"\n", 0, failure.start) + 1
        raise error(
            f"{name}, line {line}: byte 0x{content[failure.start]:02x} is not UTF-8.",
            hint="Save the file as UTF-8; a file from Windows is often in Windows-1252 or UTF-16.",
        ) from None


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file beside its place and rename it, so that no half-written file is ever seen.

    Raises
    ------
    InputError
        If the folder does not exist or cannot be written, the disk is full, or the path is a folder itself.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as failure:
        raise InputError(
            f"{str(path)!r} cannot be written: {failure.strerror}.",
            hint="Name a file in a folder that you may write to.",
        ) from failure
