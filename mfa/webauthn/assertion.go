package webauthn

import (
	"bytes"
	"crypto/sha256"

	"github.com/go-webauthn/webauthn/protocol"
	library "github.com/go-webauthn/webauthn/webauthn"
)

// Assertion is the parsed response to RequestOptions. It is not verified yet.
type Assertion struct {
	parsed *protocol.ParsedCredentialAssertionData
}

// ParseAssertion parses a response. It returns [ErrRejected] if the response is
// malformed.
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

// Challenge returns the challenge that the response claims to sign.
func (a *Assertion) Challenge() []byte { return challenge(a.parsed.Response.CollectedClientData) }

// CredentialID returns the ID of the key that claims to have signed.
func (a *Assertion) CredentialID() []byte { return a.parsed.RawID }

// NamesUser reports whether the response contains the handle of the key's user.
// It must if the user is not known otherwise.
func (a *Assertion) NamesUser() bool { return len(a.parsed.Response.UserHandle) > 0 }

// IsFor reports whether the response claims to be made on a page of the relying party, by
// a key that is bound to it. Its signature is not verified.
func (a *Assertion) IsFor(rp *RelyingParty) bool {
	id := sha256.Sum256([]byte(rp.cfg.RPID))
	return rp.allows(a.parsed.Response.CollectedClientData.Origin) && bytes.Equal(a.parsed.Response.AuthenticatorData.RPIDHash, id[:])
}

// Assert verifies that the key signed the challenge (§7.2). It returns the key
// with its new flags, and its new signature counter. With verify, the key must
// have verified the user. It returns [ErrCloned] if the signature counter went
// backwards, and [ErrRejected] if the response is invalid in any other way. The counter
// of a key that can be backed up means nothing: each of its devices may count alone.
func (rp *RelyingParty) Assert(a *Assertion, challenge []byte, key Credential, counter uint32, verify bool) (updated Credential, next uint32, err error) {
	defer guard(&err)
	session, err := rp.session(a.parsed.Response.CollectedClientData.Origin, challenge, verify)
	if err != nil {
		return key, counter, err
	}
	session.UserID = key.Handle
	now := a.parsed.Response.AuthenticatorData.Flags
	flags := now // an imported key gets the flags of its first response
	if key.Flags != nil {
		flags = protocol.AuthenticatorFlags(*key.Flags)
	}
	if flags.HasBackupEligible() {
		counter = 0
	}
	if flags.HasBackupEligible() != now.HasBackupEligible() {
		// Password managers change the flag, such as iCloud when it begins to sync.
		if rp.cfg.DeviceBound {
			return key, counter, reject("the key says otherwise than before whether it can be backed up")
		}
		flags ^= protocol.FlagBackupEligible
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
