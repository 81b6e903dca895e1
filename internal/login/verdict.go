package login

import "github.com/allauth-go/allauth/authn"

// verdict is the answer of the hook BeforeLogin about a login.
type verdict struct {
	userID, authHash string
	methods          int
	err              error
}

// verdictOn returns the host's answer about the login of a user, if it was given
// in this request, for the same password and methods.
func (s *Session) verdictOn(userID, authHash string, methods []authn.Method) (known bool, err error) {
	v := s.verdict
	if v == nil || v.userID != userID || v.authHash != authHash || v.methods != len(methods) {
		return false, nil
	}
	return true, v.err
}
