package keyring

import (
	"encoding/base32"
	"fmt"
	"io"
	"strings"
)

// The lengths of the texts of RandomID and RandomSecret.
const (
	IDLength     = 26
	SecretLength = 52
)

// RandomID returns 128 random bits as text, for ids that cannot be guessed.
func RandomID(random io.Reader) (string, error) { return randomText(random, 16) }

// RandomSecret returns 256 random bits as text.
func RandomSecret(random io.Reader) (string, error) { return randomText(random, 32) }

// RandomBytes returns size random bytes.
func RandomBytes(random io.Reader, size int) ([]byte, error) {
	b := make([]byte, size)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	return b, nil
}

func randomText(random io.Reader, size int) (string, error) {
	b, err := RandomBytes(random, size)
	if err != nil {
		return "", err
	}
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)), nil
}
