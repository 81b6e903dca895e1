// Package keyring signs, authenticates and encrypts with the host's secrets.
// Each purpose has keys of its own, derived by HKDF (RFC 5869), so that a text
// made for one purpose is worthless for another. The first secret makes, all of
// them check: a secret is rotated by putting a new one in front.
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

// minSecretSize is what HMAC-SHA256 and AES-256 ask for, in bytes.
const minSecretSize = 32

// ErrUnreadable means that a sealed text was not made with any of the secrets,
// or for another purpose, or was changed.
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

// New returns a keyring. The first secret is the current one; each has at least
// 32 bytes.
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
		panic(err) // only for key lengths that SHA-256 can not serve
	}
	k.keys.Store(name, key)
	return key
}

// MAC authenticates the parts. Where one ends and the next begins is part of
// what is authenticated.
func (k *Keyring) MAC(purpose string, parts ...[]byte) []byte { return k.mac(0, purpose, parts) }

// CheckMAC compares in constant time, under each of the secrets.
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

// Sign returns the payload with a signature, as text that may stand in a URL or
// a cookie. The payload is readable.
func (k *Keyring) Sign(purpose string, payload []byte) string {
	return encode(payload) + "." + encode(k.MAC("sign "+purpose, payload))
}

// IsSigned reports whether a text has the form of one that Sign makes.
func IsSigned(text string) bool { return strings.Count(text, ".") == 1 }

// Verify returns the payload of a text that Sign made for that purpose.
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

// SignUntil is Sign with an end, to the second.
func (k *Keyring) SignUntil(purpose string, payload []byte, expires time.Time) string {
	return k.Sign(purpose, append(binary.BigEndian.AppendUint64(nil, uint64(expires.Unix())), payload...))
}

// VerifyAt returns the payload of a text that SignUntil made and that has not
// ended at now.
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

// Seal encrypts with AES-256-GCM. associated is not stored, but Open needs the
// same.
func (k *Keyring) Seal(purpose string, plaintext, associated []byte) ([]byte, error) {
	aead, err := k.aead(0, purpose)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(k.random, nonce); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	sealed := append([]byte{sealVersion}, k.keyID(0)...)
	sealed = append(sealed, nonce...)
	return aead.Seal(sealed, nonce, plaintext, associated), nil
}

// Open decrypts what Seal made with any of the secrets, or returns
// ErrUnreadable.
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

// IsCurrent reports whether a sealed text was made with the first secret.
func (k *Keyring) IsCurrent(sealed []byte) bool {
	return len(sealed) > keyIDSize && bytes.Equal(sealed[1:1+keyIDSize], k.keyID(0))
}

// keyID names a secret without telling anything of it.
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
