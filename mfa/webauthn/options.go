package webauthn

import "encoding/base64"

// User is the user for whom a key is created.
type User struct {
	// Handle identifies the user to the authenticator. It is random, 1 to 64
	// bytes, and the same for all keys of the user.
	Handle []byte
	// Name and DisplayName are shown by the authenticator.
	Name, DisplayName string
}

// Kind is what a new key is for.
type Kind int

const (
	// SecondFactor is a key that is used after another factor.
	SecondFactor Kind = iota
	// Passkey is a discoverable key that verifies its user.
	Passkey
	// Upgrade is a discoverable key that the browser creates without asking the user
	// (conditional mediation, §5.1.3). Neither presence nor verification of the user
	// is required when it is created.
	Upgrade
)

// Bytes is binary data that is base64url text in JSON.
type Bytes []byte

// MarshalText implements encoding.TextMarshaler.
func (b Bytes) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

// CreationOptions is the argument of navigator.credentials.create in the browser.
type CreationOptions struct {
	PublicKey creationOptions `json:"publicKey"`
	Mediation string          `json:"mediation,omitempty"`
}

type creationOptions struct {
	RP                     entity         `json:"rp"`
	User                   userEntity     `json:"user"`
	Challenge              Bytes          `json:"challenge"`
	PubKeyCredParams       []parameter    `json:"pubKeyCredParams"`
	ExcludeCredentials     []descriptor   `json:"excludeCredentials"`
	AuthenticatorSelection selection      `json:"authenticatorSelection"`
	Hints                  []string       `json:"hints,omitempty"`
	Attestation            string         `json:"attestation"`
	Extensions             map[string]any `json:"extensions"`
}

type entity struct {
	Name string `json:"name"`
	ID   string `json:"id"`
}

type userEntity struct {
	Name        string `json:"name"`
	ID          Bytes  `json:"id"`
	DisplayName string `json:"displayName"`
}

type parameter struct {
	Type string `json:"type"`
	Alg  int    `json:"alg"`
}

type descriptor struct {
	Type       string   `json:"type"`
	ID         Bytes    `json:"id"`
	Transports []string `json:"transports,omitempty"`
}

type selection struct {
	ResidentKey        string `json:"residentKey"`
	UserVerification   string `json:"userVerification"`
	RequireResidentKey bool   `json:"requireResidentKey"`
}

// publicKey is the only type of credentials.
const publicKey = "public-key"

// algorithms are the accepted signature algorithms, by their COSE numbers (RFC
// 9053): ES256, EdDSA, ES384, ES512, PS256, RS256, ES256K.
var algorithms = []int{-7, -8, -35, -36, -37, -257, -47}

// CreationOptions returns the options for a new key. An authenticator that holds one of
// the keys in exclude creates none.
func (rp *RelyingParty) CreationOptions(challenge []byte, user User, exclude []Credential, kind Kind) CreationOptions {
	options := creationOptions{
		RP:                     entity{rp.cfg.RPName, rp.cfg.RPID},
		User:                   userEntity{user.Name, user.Handle, user.DisplayName},
		Challenge:              challenge,
		ExcludeCredentials:     descriptors(exclude),
		AuthenticatorSelection: selection{"discouraged", "discouraged", false},
		Hints:                  rp.cfg.Hints,
		Attestation:            "none",
		Extensions:             map[string]any{"credProps": true},
	}
	for _, algorithm := range algorithms {
		options.PubKeyCredParams = append(options.PubKeyCredParams, parameter{publicKey, algorithm})
	}
	switch kind {
	case Passkey:
		options.AuthenticatorSelection = selection{"required", "required", true}
	case Upgrade:
		options.AuthenticatorSelection = selection{"required", "preferred", true}
		return CreationOptions{options, "conditional"}
	}
	return CreationOptions{PublicKey: options}
}

// RequestOptions is the argument of navigator.credentials.get in the browser.
type RequestOptions struct {
	PublicKey requestOptions `json:"publicKey"`
}

type requestOptions struct {
	Challenge        Bytes        `json:"challenge"`
	RPID             string       `json:"rpId"`
	AllowCredentials []descriptor `json:"allowCredentials"`
	UserVerification string       `json:"userVerification"`
	Hints            []string     `json:"hints,omitempty"`
}

// RequestOptions returns the options for an assertion by one of the keys in
// allow, or by any discoverable key if allow is empty. With verify, the key must
// verify its user.
func (rp *RelyingParty) RequestOptions(challenge []byte, allow []Credential, verify bool) RequestOptions {
	options := requestOptions{challenge, rp.cfg.RPID, descriptors(allow), "preferred", rp.cfg.Hints}
	if verify {
		options.UserVerification = "required"
	}
	return RequestOptions{options}
}

func descriptors(keys []Credential) []descriptor {
	list := make([]descriptor, len(keys))
	for i, key := range keys {
		list[i] = descriptor{publicKey, key.ID, key.Transports}
	}
	return list
}
