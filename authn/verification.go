package authn

// Verification says whether an email address must be verified before a login.
type Verification int

const (
	// VerificationMandatory refuses logins until the address is verified.
	VerificationMandatory Verification = iota
	// VerificationOptional sends the mail at sign-up, and lets the user log in
	// without a verified address.
	VerificationOptional
	// VerificationNone sends no mail at sign-up, and lets the user log in without a
	// verified address.
	VerificationNone
)
