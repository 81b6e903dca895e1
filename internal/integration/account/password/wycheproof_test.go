// Package password_test holds tests of account/password that need vectors of others.
package password_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"

	"github.com/allauth-go/allauth/account/password"
)

// vectors are the test vectors of Wycheproof for PBKDF2 with one digest.
type vectors struct {
	TestGroups []struct {
		Tests []struct {
			ID             int `json:"tcId"`
			Password, Salt string
			Iterations     int    `json:"iterationCount"`
			Key            string `json:"dk"`
			Result         string
		}
	}
}

// Stored hashes hold at most 64 bytes, the size of SHA-512, and are made in at most two
// million iterations.
const (
	maxKey        = 64
	maxIterations = 2_000_000
)

// Hashes of other systems are verified as Wycheproof computes them, and no others.
func TestPBKDF2OfWycheproof(t *testing.T) {
	t.Parallel()
	hasher, err := password.NewHasher(password.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for digest, kind := range map[string]string{"sha1": "pbkdf2-sha1", "sha256": "pbkdf2-sha256", "sha512": "pbkdf2-sha512"} {
		t.Run(digest, func(t *testing.T) {
			t.Parallel()
			text, err := fs.ReadFile(wycheproof.TestVectors, "pbkdf2_hmac"+digest+"_test.json")
			var list vectors
			if err == nil {
				err = json.Unmarshal(text, &list)
			}
			if err != nil {
				t.Fatal(err)
			}
			verified := 0
			for _, group := range list.TestGroups {
				for _, v := range group.Tests {
					typed, salt, key := decode(t, v.Password), decode(t, v.Salt), decode(t, v.Key)
					if len(key) > maxKey || v.Iterations > maxIterations || v.Result != "valid" {
						continue
					}
					verified++
					matches := func(password string, key []byte) bool {
						encode := base64.RawStdEncoding.EncodeToString
						ok, _, err := hasher.Verify(t.Context(), password, fmt.Sprintf("$%s$i=%d$%s$%s", kind, v.Iterations, encode(salt), encode(key)))
						if err != nil {
							t.Errorf("vector %d: %v", v.ID, err)
						}
						return ok
					}
					if !matches(string(typed), key) {
						t.Errorf("vector %d: the password does not match", v.ID)
					}
					if matches(string(typed)+"x", key) {
						t.Errorf("vector %d: another password matches", v.ID)
					}
					key[len(key)-1] ^= 1
					if matches(string(typed), key) {
						t.Errorf("vector %d: another key matches", v.ID)
					}
				}
			}
			if verified < 40 {
				t.Errorf("only %d vectors", verified)
			}
		})
	}
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
