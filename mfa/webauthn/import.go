package webauthn

import (
	"fmt"
	"strconv"
)

// ImportCredential returns the key of a registration response that another system
// stored, in the JSON form of RegistrationResponseJSON (§5.1). handle is the
// user's handle in that system. The response is not verified again. Flags and
// signature counter are taken from the key's first use. The key can be used for
// passwordless logins if the client claimed that it is discoverable.
func ImportCredential(answer, handle []byte) (*Credential, error) {
	r, err := ParseRegistration(answer)
	if err != nil {
		return nil, err
	}
	made := r.parsed.Response.AttestationObject.AuthData.AttData
	if err := checkPublicKey(made.CredentialPublicKey); err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	return &Credential{
		ID: made.CredentialID, PublicKey: made.CredentialPublicKey, Handle: handle,
		AAGUID: made.AAGUID, Transports: r.transports(), Passwordless: r.answer.rk,
	}, nil
}

// DjangoHandle returns the handle that django-allauth uses for a user with a
// numeric id.
func DjangoHandle(userID int64) []byte { return []byte(strconv.FormatInt(userID, 36)) }
