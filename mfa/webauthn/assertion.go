package webauthn

import (
	"github.com/go-webauthn/webauthn/protocol"
	library "github.com/go-webauthn/webauthn/webauthn"
)

// Assertion is the answer to RequestOptions, not verified yet.
type Assertion struct {
	parsed *protocol.ParsedCredentialAssertionData
}

// ParseAssertion reads an answer. ErrRejected if it is malformed.
func ParseAssertion(text []byte) (r *Assertion, err error) {
	defer guard(&err)
	a, err := readAnswer(text)
	if err != nil {
		return nil, err
	}
	canonical, err := a.canonical(map[string]string{
		"clientDataJSON": a.clientDataJSON, "authenticatorData": a.authenticatorData,
		"signature": a.signature, "userHandle": a.userHandle,
	})
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(canonical)
	if err != nil {
		return nil, reject("parse assertion: %w", err)
	}
	return &Assertion{parsed}, nil
}

// Challenge is what the answer claims to answer.
func (a *Assertion) Challenge() []byte { return challenge(a.parsed.Response.CollectedClientData) }

// CredentialID names the key that claims to answer.
func (a *Assertion) CredentialID() []byte { return a.parsed.RawID }

// NamesUser reports whether the answer says whose key it is, which it must where
// nobody else has.
func (a *Assertion) NamesUser() bool { return len(a.parsed.Response.UserHandle) > 0 }

// Assert verifies that the key answered the challenge (§7.2), and returns the
// key with its new flags and its new signature counter. With verify the key
// must have checked that it was its user. ErrRejected if the answer is not
// good, ErrCloned if only the counter is not.
func (rp *RelyingParty) Assert(a *Assertion, challenge []byte, key Credential, counter uint32, verify bool) (updated Credential, next uint32, err error) {
	defer guard(&err)
	session, err := rp.session(a.parsed.Response.CollectedClientData.Origin, challenge, verify)
	if err != nil {
		return key, counter, err
	}
	session.UserID = key.Handle
	now := a.parsed.Response.AuthenticatorData.Flags
	flags := now // of a key whose flags are not known they are learned
	if key.Flags != nil {
		flags = protocol.AuthenticatorFlags(*key.Flags)
	}
	known := library.Credential{
		ID: key.ID, PublicKey: key.PublicKey, Flags: library.NewCredentialFlags(flags),
		Authenticator: library.Authenticator{AAGUID: key.AAGUID, SignCount: counter},
	}
	used, err := rp.verifier.ValidateLogin(owner{key.Handle, []library.Credential{known}}, session, a.parsed)
	if err != nil {
		return key, counter, reject("verify assertion: %w", err)
	}
	if used.Authenticator.CloneWarning {
		return key, counter, ErrCloned
	}
	last := byte(now)
	key.Flags = &last
	return key, used.Authenticator.SignCount, nil
}
