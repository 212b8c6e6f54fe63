"""Names that tell nothing: numbers of the store, sealed, for addresses and messages that a rater's browser sees."""

import base64
import binascii
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

KEY_BYTES = 64
NUMBER_BYTES = 6


class Seals:
    """Seals numbers under a key: the same numbers have the same name, unknown names open to nothing.

    AES-SIV (RFC 5297): deterministic, and whoever changes a name or makes one up is found out. Names survive a
    restart, so that a picture that was loaded ahead stays where it is.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(key)

    def close(self, kind: str, *numbers: int) -> str:
        """The name of these numbers (each below 2⁴⁸) as a `kind`; all names of a kind are equally long."""
        data = b"".join(number.to_bytes(NUMBER_BYTES, "big") for number in numbers)
        return base64.urlsafe_b64encode(self._cipher.encrypt(data, [kind.encode()])).decode().rstrip("=")

    def secret(self, kind: str, *texts: str) -> str:
        """What only this home can say of these texts, the same each time."""
        sealed = self._cipher.encrypt("\0".join(texts).encode(), [kind.encode()])
        return hashlib.sha256(sealed).hexdigest()

    def open(self, kind: str, name: str) -> tuple[int, ...] | None:
        """The numbers of a name, None where it is not one of ours."""
        try:
            sealed = base64.b64decode(name + "=" * (-len(name) % 4), altchars=b"-_", validate=True)
            data = self._cipher.decrypt(sealed, [kind.encode()])
        except (InvalidTag, binascii.Error, ValueError):
            return None
        return tuple(int.from_bytes(data[at : at + NUMBER_BYTES], "big") for at in range(0, len(data), NUMBER_BYTES))


def home_seals(home: Path) -> Seals:
    """Seals under the key of a home folder, which is made when missing and readable by its owner only."""
    path = home / "judging.key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return Seals(path.read_bytes())
    with os.fdopen(handle, "wb") as file:
        file.write(key := os.urandom(KEY_BYTES))
    return Seals(key)
