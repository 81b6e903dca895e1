// Package keyring signs, authenticates and encrypts with the host's secrets. Each
// purpose has keys of its own, derived by HKDF (RFC 5869), so that a text for one
// purpose is invalid for another. The first secret signs and encrypts; all secrets
// verify and decrypt. The host rotates secrets by putting a new one first.
package keyring

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// minSecretSize is the size of the keys of HMAC-SHA256 and AES-256, in bytes.
const minSecretSize = 32

// ErrUnreadable means that a sealed text was encrypted with an unknown secret or for
// another purpose, or was changed.
var ErrUnreadable = errors.New("keyring: unreadable")

// Keyring is a list of secrets. It is safe for concurrent use.
type Keyring struct {
	secrets [][]byte
	random  io.Reader
	keys    sync.Map // keyName -> []byte
}

type keyName struct {
	secret  int
	purpose string
}

// New returns a keyring. The first secret is the current one. Returns an error if there
// is none, or if one has less than 32 bytes.
func New(secrets [][]byte, random io.Reader) (*Keyring, error) {
	if len(secrets) == 0 {
		return nil, errors.New("Secrets is empty; set one of at least 32 random bytes")
	}
	k := &Keyring{random: random}
	for i, s := range secrets {
		if len(s) < minSecretSize {
			return nil, fmt.Errorf("Secrets[%d] has %d bytes; use at least %d random ones", i, len(s), minSecretSize)
		}
		k.secrets = append(k.secrets, append([]byte(nil), s...))
	}
	return k, nil
}

func (k *Keyring) key(secret int, purpose string) []byte {
	name := keyName{secret, purpose}
	if key, ok := k.keys.Load(name); ok {
		return key.([]byte)
	}
	key, err := hkdf.Key(sha256.New, k.secrets[secret], nil, "allauth "+purpose, 32)
	if err != nil {
		panic(err) // only for key lengths that HKDF does not support
	}
	k.keys.Store(name, key)
	return key
}

// MAC returns an authentication code of the parts and of their boundaries, by the
// current secret.
func (k *Keyring) MAC(purpose string, parts ...[]byte) []byte { return k.mac(0, purpose, parts) }

// CheckMAC reports whether mac is that of the parts under one of the secrets. It
// compares in constant time.
func (k *Keyring) CheckMAC(purpose string, mac []byte, parts ...[]byte) bool {
	for i := range k.secrets {
		if hmac.Equal(mac, k.mac(i, purpose, parts)) {
			return true
		}
	}
	return false
}

func (k *Keyring) mac(secret int, purpose string, parts [][]byte) []byte {
	h := hmac.New(sha256.New, k.key(secret, "mac "+purpose))
	var size [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write(part)
	}
	return h.Sum(nil)
}

// Sign returns the payload and its MAC as text for URLs and cookies. The payload is not
// encrypted.
func (k *Keyring) Sign(purpose string, payload []byte) string {
	return encode(payload) + "." + encode(k.MAC("sign "+purpose, payload))
}

// IsSigned reports whether a text has the format of those that Sign returns.
func IsSigned(text string) bool { return strings.Count(text, ".") == 1 }

// Verify returns the payload of a text that Sign returned for that purpose, and false
// for other texts.
func (k *Keyring) Verify(purpose, text string) ([]byte, bool) {
	first, second, ok := strings.Cut(text, ".")
	if !ok {
		return nil, false
	}
	payload, err := decode(first)
	if err != nil {
		return nil, false
	}
	mac, err := decode(second)
	if err != nil || !k.CheckMAC("sign "+purpose, mac, payload) {
		return nil, false
	}
	return payload, true
}

// SignUntil is Sign for a text that expires, to the second.
func (k *Keyring) SignUntil(purpose string, payload []byte, expires time.Time) string {
	return k.Sign(purpose, append(binary.BigEndian.AppendUint64(nil, uint64(expires.Unix())), payload...))
}

// VerifyAt returns the payload of a text that SignUntil returned for that purpose, and
// false for other texts and those that have expired at now.
func (k *Keyring) VerifyAt(purpose, text string, now time.Time) ([]byte, bool) {
	payload, ok := k.Verify(purpose, text)
	if !ok || len(payload) < 8 || now.Unix() > int64(binary.BigEndian.Uint64(payload)) {
		return nil, false
	}
	return payload[8:], true
}

const (
	sealVersion = 1
	keyIDSize   = 4
)

// Seal encrypts with AES-256-GCM. The result does not contain associated; Open needs
// the same value.
func (k *Keyring) Seal(purpose string, plaintext, associated []byte) ([]byte, error) {
	aead, err := k.aead(0, purpose)
	if err != nil {
		return nil, err
	}
	nonce, err := RandomBytes(k.random, aead.NonceSize())
	if err != nil {
		return nil, err
	}
	sealed := append([]byte{sealVersion}, k.keyID(0)...)
	sealed = append(sealed, nonce...)
	return aead.Seal(sealed, nonce, plaintext, associated), nil
}

// Open decrypts what Seal encrypted with one of the secrets, or returns ErrUnreadable.
func (k *Keyring) Open(purpose string, sealed, associated []byte) ([]byte, error) {
	if len(sealed) < 1+keyIDSize || sealed[0] != sealVersion {
		return nil, ErrUnreadable
	}
	id, rest := sealed[1:1+keyIDSize], sealed[1+keyIDSize:]
	for i := range k.secrets {
		if string(k.keyID(i)) != string(id) {
			continue
		}
		aead, err := k.aead(i, purpose)
		if err != nil || len(rest) < aead.NonceSize() {
			return nil, ErrUnreadable
		}
		plaintext, err := aead.Open(nil, rest[:aead.NonceSize()], rest[aead.NonceSize():], associated)
		if err == nil {
			return plaintext, nil
		}
	}
	return nil, ErrUnreadable
}

// IsCurrent reports whether a sealed text was encrypted with the first secret.
func (k *Keyring) IsCurrent(sealed []byte) bool {
	return len(sealed) > keyIDSize && bytes.Equal(sealed[1:1+keyIDSize], k.keyID(0))
}

// keyID identifies a secret without revealing it.
func (k *Keyring) keyID(secret int) []byte { return k.key(secret, "id")[:keyIDSize] }

func (k *Keyring) aead(secret int, purpose string) (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.key(secret, "seal "+purpose))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode(s string) ([]byte, error) { return base64.RawURLEncoding.Strict().DecodeString(s) }
