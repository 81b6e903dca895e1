package webauthn

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	library "github.com/go-webauthn/webauthn/webauthn"
)

// Credential is a stored key.
type Credential struct {
	// ID identifies the key. It is unique among the keys of all users.
	ID        []byte `json:"id"`
	PublicKey []byte `json:"public_key"`
	// Handle is the handle of the user for whom the key was created.
	Handle []byte `json:"handle"`
	// Flags are those of the last response: whether the user was present and
	// verified, and whether the key can be and is backed up (§6.1). Nil if
	// unknown.
	Flags *byte `json:"flags,omitempty"`
	// AAGUID identifies the model of the authenticator. It is all zero if
	// unknown.
	AAGUID []byte `json:"aaguid,omitempty"`
	// Transports are the transports by which the key can be reached.
	Transports []string `json:"transports,omitempty"`
	// Passwordless says whether the key can be used for logins without another
	// factor. Nil if the client did not say.
	Passwordless *bool `json:"passwordless,omitempty"`
}

// BackupEligible reports whether the key said at its last use that it can be backed up.
// It does not if that is unknown.
func (c *Credential) BackupEligible() bool {
	return c.Flags != nil && protocol.AuthenticatorFlags(*c.Flags).HasBackupEligible()
}

// BackedUp reports whether the key was backed up at its last use. Nil means unknown.
func (c *Credential) BackedUp() *bool {
	if c.Flags == nil {
		return nil
	}
	backedUp := protocol.AuthenticatorFlags(*c.Flags).HasBackupState()
	return &backedUp
}

// Registration is the parsed response to CreationOptions. It is not verified yet.
type Registration struct {
	answer *answer
	parsed *protocol.ParsedCredentialCreationData
}

// ParseRegistration parses a response. It returns [ErrRejected] if the response
// is malformed.
func ParseRegistration(text []byte) (r *Registration, err error) {
	defer guard(&err)
	a, err := readAnswer(text)
	if err != nil {
		return nil, err
	}
	canonical, err := a.canonical(map[string]string{
		"clientDataJSON": a.clientDataJSON, "attestationObject": a.attestationObject,
	})
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(canonical)
	if err != nil {
		return nil, reject("parse registration: %w", err)
	}
	return &Registration{a, parsed}, nil
}

// Challenge returns the challenge that the response claims to contain.
func (r *Registration) Challenge() []byte { return challenge(r.parsed.Response.CollectedClientData) }

func challenge(data protocol.CollectedClientData) []byte {
	raw, err := decode(data.Challenge)
	if err != nil {
		return nil
	}
	return raw
}

// Register verifies the response to the challenge (§7.1) and returns the new key
// and its signature counter. It returns [ErrRejected] if the response is invalid.
func (rp *RelyingParty) Register(r *Registration, challenge []byte, user User, kind Kind) (key *Credential, counter uint32, err error) {
	defer guard(&err)
	session, err := rp.session(r.parsed.Response.CollectedClientData.Origin, challenge, kind == Passkey)
	if err != nil {
		return nil, 0, err
	}
	if kind == Upgrade {
		session.Mediation = protocol.MediationConditional
	}
	session.UserID = user.Handle
	for _, algorithm := range algorithms {
		session.CredParams = append(session.CredParams, protocol.CredentialParameter{
			Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.COSEAlgorithmIdentifier(algorithm),
		})
	}
	// Attestation is not requested. A statement that comes all the same shows nothing, as
	// the client could have left it out.
	statement := &r.parsed.Response.AttestationObject
	statement.Format, statement.AttStatement = string(protocol.AttestationFormatNone), nil
	made, err := rp.verifier.CreateCredential(owner{handle: user.Handle}, session, r.parsed)
	if err != nil {
		return nil, 0, reject("verify registration: %w", err)
	}
	if err := checkPublicKey(made.PublicKey); err != nil {
		return nil, 0, reject("public key: %w", err)
	}
	flags := byte(made.Flags.ProtocolValue())
	if rp.cfg.DeviceBound && made.Flags.BackupEligible {
		return nil, 0, reject("the key is not bound to a device")
	}
	return &Credential{
		ID: made.ID, PublicKey: made.PublicKey, Handle: user.Handle, Flags: &flags,
		AAGUID: made.Authenticator.AAGUID, Transports: r.transports(), Passwordless: r.passwordless(kind != SecondFactor),
	}, made.Authenticator.SignCount, nil
}

// minRSABits is the size of the smallest RSA key that is accepted, in bits (NIST SP
// 800-131A).
const minRSABits = 2048

// checkPublicKey returns an error unless the COSE key is well-formed and strong.
func checkPublicKey(cose []byte) error {
	parsed, err := webauthncose.ParsePublicKey(cose)
	if err != nil {
		return err
	}
	if key, ok := parsed.(webauthncose.RSAPublicKeyData); ok {
		if bits := new(big.Int).SetBytes(key.Modulus).BitLen(); bits < minRSABits {
			return fmt.Errorf("an RSA key of %d bits is too weak", bits)
		}
	}
	return nil
}

// passwordless reports whether the key can be used for logins without another
// factor: if that was requested, and the client does not deny it. Nil if it was
// requested and the client said nothing.
func (r *Registration) passwordless(asked bool) *bool {
	claimed := r.answer.rk
	if claimed == nil && !asked {
		return nil
	}
	may := asked && (claimed == nil || *claimed)
	return &may
}

// transports returns the transports of the response that are standardized
// (§5.8.4).
func (r *Registration) transports() []string {
	var list []string
	for _, t := range r.answer.transports {
		if slices.Contains([]string{"usb", "nfc", "ble", "smart-card", "hybrid", "internal"}, t) && !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

// session returns the session data for the verification of a response to the
// challenge.
func (rp *RelyingParty) session(origin string, challenge []byte, verify bool) (library.SessionData, error) {
	if !rp.allows(origin) {
		return library.SessionData{}, reject("origin %q is not allowed", origin)
	}
	session := library.SessionData{
		Challenge: encode(challenge), RelyingPartyID: rp.cfg.RPID, Origin: origin,
		UserVerification: protocol.VerificationPreferred,
	}
	if verify {
		session.UserVerification = protocol.VerificationRequired
	}
	return session, nil
}

// owner is the user of a key, as the library asks for it.
type owner struct {
	handle []byte
	keys   []library.Credential
}

func (o owner) WebAuthnID() []byte                        { return o.handle }
func (o owner) WebAuthnName() string                      { return "" }
func (o owner) WebAuthnDisplayName() string               { return "" }
func (o owner) WebAuthnCredentials() []library.Credential { return o.keys }
