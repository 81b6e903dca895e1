package provider

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// keyMembers are the members of a key that say how a signature is verified (RFC 7517
// section 4, RFC 7518 section 6, RFC 8037 section 2). Others, such as certificates, do
// not decide whether it is valid. The value is true for numbers, which are in base64url.
var keyMembers = map[string]bool{
	"kty": false, "kid": false, "use": false, "alg": false, "crv": false,
	"n": true, "e": true, "x": true, "y": true,
}

// coordinateSizes are the sizes of the coordinates x and y of a curve, in bytes.
var coordinateSizes = map[string]int{"P-256": 32, "P-384": 48, "P-521": 66}

// readKey reads a public key. It also returns the names of members that are not as their
// specification says, which are left out if the key can be used without them. Numbers may
// be in any form of base64, and coordinates may have too few or too many zeros in front.
func readKey(text json.RawMessage) (key jose.JSONWebKey, unreadable []string, err error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return key, nil, fmt.Errorf("a key is not an object: %w", ErrInvalid)
	}
	plain := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		isNumber, known := keyMembers[name]
		var value string
		switch {
		case !known:
		case json.Unmarshal(members[name], &value) != nil:
			unreadable = append(unreadable, name)
		case isNumber:
			plain[name] = base64URL(value)
			if plain[name] != value {
				unreadable = append(unreadable, name)
			}
		default:
			plain[name] = value
		}
	}
	if size := coordinateSizes[plain["crv"]]; size > 0 {
		for _, name := range []string{"x", "y"} {
			if sized := resize(plain[name], size); sized != plain[name] {
				plain[name] = sized
				unreadable = append(unreadable, name)
			}
		}
	}
	clean, err := json.Marshal(plain)
	if err != nil {
		return key, unreadable, err
	}
	if err := json.Unmarshal(clean, &key); err != nil {
		return jose.JSONWebKey{KeyID: plain["kid"]}, unreadable, err
	}
	return key, append(unreadable, unreadableCertificates(clean, members)...), nil
}

// base64URL rewrites base64 in the form without padding and white space that keys
// require (RFC 7515 section 2).
func base64URL(text string) string {
	text = strings.Join(strings.Fields(text), "")
	return strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(text), "=")
}

// resize rewrites a number in base64 with that many bytes (RFC 7518 section 6.2.1.2). It
// returns text if it is no such number.
func resize(text string, size int) string {
	plain, err := base64.RawURLEncoding.DecodeString(text)
	number := new(big.Int).SetBytes(plain)
	if err != nil || len(plain) == 0 || number.BitLen() > 8*size {
		return text
	}
	return base64.RawURLEncoding.EncodeToString(number.FillBytes(make([]byte, size)))
}

// unreadableCertificates returns the members with certificates that cannot be read
// beside the key.
func unreadableCertificates(key []byte, members map[string]json.RawMessage) (names []string) {
	for _, name := range []string{"x5c", "x5t", "x5t#S256", "x5u"} {
		value, present := members[name]
		if !present {
			continue
		}
		var parsed jose.JSONWebKey
		with := fmt.Appendf(nil, `{%q:%s,%s`, name, value, key[1:])
		if json.Unmarshal(with, &parsed) != nil {
			names = append(names, name)
		}
	}
	return names
}
