"""An adapter that encrypts secrets, so that the move needs its hook."""
import base64

from allauth.mfa.adapter import DefaultMFAAdapter

PREFIX = "x:"


class Adapter(DefaultMFAAdapter):
    def encrypt(self, text):
        return PREFIX + base64.b64encode(bytes(b ^ 0x5A for b in text.encode())).decode()

    def decrypt(self, encrypted_text):
        return bytes(b ^ 0x5A for b in base64.b64decode(encrypted_text.removeprefix(PREFIX))).decode()
