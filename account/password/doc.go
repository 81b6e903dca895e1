// Package password hashes passwords and says which are good enough.
//
// New hashes are argon2id (RFC 9106) in the PHC string format, with the
// parameters that OWASP recommends. Hashes made by Django (pbkdf2_sha256,
// pbkdf2_sha1, argon2, bcrypt_sha256, bcrypt, scrypt), by bcrypt, and PHC
// strings of argon2, scrypt and PBKDF2 are verified too, and reported as due for
// an upgrade:
//
//	ok, upgrade, err := hasher.Verify(ctx, "correct horse", stored)
//
// A new password is hashed in the OpaqueString form of RFC 8265, so that it is the
// same on every keyboard: Unicode characters are composed, and every kind of
// space is a space. No password is refused for its characters, and none is
// trimmed, folded or cut. A password that is compared with a stored hash is tried
// in this form, as it was typed, and, with a hash of Django's, without the blanks
// at its ends. How many hashes that takes depends on the typed text only.
//
// A bcrypt hash that another system made of a password of more than 72 bytes
// matches by its first 72. It is kept until the password is changed, as is one of
// Django's that matched without blanks.
package password
