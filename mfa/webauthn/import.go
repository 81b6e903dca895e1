package webauthn

import (
	"fmt"
	"strconv"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// ImportCredential reads a key out of the answer that another system kept of
// its registration, in the JSON form of RegistrationResponseJSON (§5.1). handle
// is that of its user there. The answer is not verified again. The flags and the
// signature counter are learned at the first use; the key logs its user in by
// itself if the client claimed that it can.
func ImportCredential(answer, handle []byte) (*Credential, error) {
	r, err := ParseRegistration(answer)
	if err != nil {
		return nil, err
	}
	made := r.parsed.Response.AttestationObject.AuthData.AttData
	if _, err := webauthncose.ParsePublicKey(made.CredentialPublicKey); err != nil {
		return nil, fmt.Errorf("parse public key: %w", err)
	}
	return &Credential{
		ID: made.CredentialID, PublicKey: made.CredentialPublicKey, Handle: handle,
		AAGUID: made.AAGUID, Transports: r.transports(), Passwordless: r.answer.rk,
	}, nil
}

// DjangoHandle is the handle that django-allauth gives a user with a numeric id.
func DjangoHandle(userID int64) []byte { return []byte(strconv.FormatInt(userID, 36)) }
