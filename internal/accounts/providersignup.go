package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
)

// CleanEmail returns the canonical form of an address, and false if it is invalid.
func (s *Service) CleanEmail(address string) (string, bool) { return identifier.Email(address) }

// VerifiedOwner returns the id of the user who has verified the address, empty if there is
// none.
func (s *Service) VerifiedOwner(ctx context.Context, email string) (string, error) {
	rows, err := s.store.EmailsByAddress(ctx, email)
	if err != nil {
		return "", fmt.Errorf("look up email address: %w", err)
	}
	if len(rows) == 0 || !rows[0].Verified {
		return "", nil
	}
	return rows[0].UserID, nil
}

// verifiedOrInvited reports whether a user has verified the address, or an account with it
// waits for a user who was invited. A provider that has verified the address does not
// take it from them.
func (s *Service) verifiedOrInvited(ctx context.Context, email string) (bool, error) {
	rows, err := s.store.EmailsByAddress(ctx, email)
	if err != nil {
		return false, fmt.Errorf("look up email address: %w", err)
	}
	for _, row := range rows {
		if row.Verified {
			return true, nil
		}
		hash, err := s.passwordHash(ctx, row.UserID)
		if err != nil || awaitsInvitation(hash) {
			return err == nil, err
		}
	}
	return false, nil
}

// HasVerifiedEmail reports whether the user has a verified address.
func (s *Service) HasVerifiedEmail(ctx context.Context, userID string) (bool, error) {
	emails, err := s.emailsOf(ctx, userID)
	return anyVerified(emails), err
}

// HasUnverifiedEmail reports whether the user has an unverified address.
func (s *Service) HasUnverifiedEmail(ctx context.Context, userID string) (bool, error) {
	emails, err := s.emailsOf(ctx, userID)
	return slices.ContainsFunc(emails, func(e account.EmailAddress) bool { return !e.Verified }), err
}

// EmailVerificationMandatory reports whether users need a verified address to log in.
func (s *Service) EmailVerificationMandatory() bool {
	return s.cfg.EmailVerification == authn.VerificationMandatory
}

// maxSignupTries is how often a sign-up through a provider is tried if other requests
// take its address or its generated username meanwhile.
const maxSignupTries = 6

// SignupByProvider creates an account for a user at a provider, and starts its first
// login. If the address is taken and the client must not learn it, it starts a decoy. An
// address that is verified at the provider is taken only if another user has verified
// it or is invited to it; other users who have it unverified lose it. Returns
//   - login.ErrSignupIncomplete if the user has to fill in a form first,
//   - authn.Errors for wrong input in the form,
//   - work.ErrNotPending if a user is logged in,
//   - work.ErrForbidden if sign-up is closed,
//   - the errors of in.AfterCreate.
func (s *Flows) SignupByProvider(ctx context.Context, sess *login.Session, in login.ProviderSignup) error {
	if sess.Authenticated() {
		return work.ErrNotPending
	}
	if !s.IsOpenForSignup(ctx) {
		return work.ErrForbidden
	}
	opts := SignupOptions{Consume: in.Consume, AfterCreate: in.AfterCreate, AfterDecoy: in.AfterDecoy, Prepare: in.Prepare}
	for range maxSignupTries {
		draft, err := s.cleanProviderSignup(ctx, in)
		if err == nil {
			if err := s.callSignupHooks(ctx, draft, in); err != nil {
				return err
			}
		}
		if in.Recheck != nil {
			if err := in.Recheck(ctx); err != nil {
				return err
			}
		}
		switch {
		case err != nil:
			return err
		case draft.taken:
			return s.decoySignup(ctx, sess, draft, opts)
		}
		if err = s.createAndStart(ctx, sess, draft, opts); !errors.Is(err, errTaken) {
			return err
		}
		// Another request took the address or the username: check again.
	}
	return fmt.Errorf("create account: %w", authn.ErrConflict)
}

// callSignupHooks calls the host's hooks for a user who is about to be created. They may
// change the user, or refuse the sign-up.
func (s *Service) callSignupHooks(ctx context.Context, draft *newAccount, in login.ProviderSignup) error {
	if in.Populate != nil {
		if err := in.Populate(ctx, &draft.user); err != nil {
			return err
		}
	}
	if s.cfg.BeforeSignup == nil {
		return nil
	}
	return s.cfg.BeforeSignup(ctx, &draft.user)
}

// cleanProviderSignup validates the provider's data and the form, and returns the account
// to create. Returns login.ErrSignupIncomplete or authn.Errors.
func (s *Service) cleanProviderSignup(ctx context.Context, in login.ProviderSignup) (*newAccount, error) {
	draft := &newAccount{}
	draft.user.Display = strings.TrimSpace(in.FirstName + " " + in.LastName)
	var errs authn.Errors
	var err error
	if in.Form == nil {
		err = s.fillFromProvider(ctx, draft, in)
	} else {
		errs, err = s.fillFromForm(ctx, draft, in)
	}
	if err != nil {
		return nil, err
	}
	if draft.verifiedByProvider, err = s.usableVerified(ctx, draft, in); err != nil {
		return nil, err
	}
	if len(draft.verifiedByProvider) > 0 && !slices.Contains(draft.verifiedByProvider, draft.user.Email) {
		draft.typed, draft.user.Email = draft.user.Email, draft.verifiedByProvider[0]
	}
	hidden, taken, err := s.checkTakenByProvider(ctx, draft)
	if err != nil {
		return nil, err
	}
	if errs = append(errs, taken...); len(errs) > 0 {
		if in.Form == nil {
			return nil, login.ErrSignupIncomplete
		}
		s.sortBySignupFields(errs)
		return nil, errs
	}
	draft.taken = hidden
	if draft.user.Username == "" && s.needsUsername() {
		draft.user.Username, err = s.usernameFor(ctx, in, draft.user.Email, hidden)
	}
	return draft, err
}

// usableVerified returns the addresses that are verified at the provider, without those
// that another user has verified here, except for the address of the draft.
func (s *Service) usableVerified(ctx context.Context, draft *newAccount, in login.ProviderSignup) ([]string, error) {
	var list []string
	for _, e := range in.Emails {
		if !e.Verified || slices.Contains(list, e.Email) {
			continue
		}
		if e.Email != draft.user.Email {
			taken, err := s.verifiedOrInvited(ctx, e.Email)
			if err != nil {
				return nil, err
			}
			if taken {
				continue
			}
		}
		list = append(list, e.Email)
	}
	return list, nil
}

// fillFromProvider fills the draft from the provider's data alone. Returns
// login.ErrSignupIncomplete if a required field is missing.
func (s *Service) fillFromProvider(ctx context.Context, draft *newAccount, in login.ProviderSignup) error {
	if len(in.Emails) > 0 {
		draft.user.Email = in.Emails[0].Email
		if i := slices.IndexFunc(in.Emails, func(e login.ProviderEmail) bool { return e.Verified }); i > 0 {
			draft.user.Email = in.Emails[i].Email
		}
	}
	_, phoneRequired := signupField(s.cfg, "phone")
	if draft.user.Email == "" && s.providerEmailRequired(in) || phoneRequired {
		return login.ErrSignupIncomplete
	}
	if s.cfg.SignupForm == nil {
		return nil
	}
	extra, err := s.cfg.SignupForm(ctx, nil)
	problems, err := inputErrors(err)
	if len(problems) > 0 {
		return login.ErrSignupIncomplete
	}
	draft.user.Extra = extra
	return err
}

func (s *Service) providerEmailRequired(in login.ProviderSignup) bool {
	if in.EmailRequired != nil {
		return *in.EmailRequired
	}
	_, required := signupField(s.cfg, "email")
	return required
}

// fillFromForm fills the draft from the form of a sign-up through a provider, which has
// the fields of the ordinary form except for the password. Returns the problems of the
// input.
func (s *Service) fillFromForm(ctx context.Context, draft *newAccount, in login.ProviderSignup) (authn.Errors, error) {
	form := SignupInput{
		Email: in.Form.Email, Email2: in.Form.Email2, Username: in.Form.Username, Phone: in.Form.Phone,
		Fields: in.Form.Fields, Passwordless: true,
	}
	return s.cleanFields(ctx, draft, form, s.providerEmailRequired(in))
}

// checkTakenByProvider is checkTaken for a sign-up whose address may be verified at the
// provider.
func (s *Service) checkTakenByProvider(ctx context.Context, draft *newAccount) (hidden bool, errs authn.Errors, err error) {
	if !slices.Contains(draft.verifiedByProvider, draft.user.Email) {
		return s.checkTaken(ctx, draft, draft.user)
	}
	// The address that the user typed is added like one that is added later: the client
	// does not learn whether it is taken, unless enumeration is allowed.
	unverified := draft.user
	unverified.Email = ""
	if s.cfg.Enumeration == account.AllowEnumeration {
		unverified.Email = draft.typed
	}
	hidden, errs, err = s.checkTaken(ctx, draft, unverified)
	if err != nil {
		return false, nil, err
	}
	taken, err := s.verifiedOrInvited(ctx, draft.user.Email)
	if err != nil {
		return false, nil, err
	}
	switch {
	case !taken:
	case s.cfg.Enumeration != account.AllowEnumeration && s.cfg.EmailVerification == authn.VerificationMandatory:
		hidden = true
	case s.acceptsDuplicates():
		// The new account gets the address, too, but unverified.
		draft.verifiedByProvider = withoutMember(draft.verifiedByProvider, draft.user.Email)
	default:
		errs = append(errs, problem.Of("email", code.EmailTaken))
	}
	return hidden, errs, nil
}

func withoutMember(list []string, member string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == member })
}

// addProviderEmails stores the addresses of a sign-up through a provider beside the
// primary one, and returns them: those that are verified at the provider and that no
// other user has verified, and the one that the user typed. rows are those of users or of
// decoys, whose messages are not sent.
func (s *Service) addProviderEmails(ctx context.Context, rows Rows, userID string, draft *newAccount) (added []account.EmailAddress, err error) {
	for _, email := range draft.verifiedByProvider {
		if email == draft.user.Email {
			continue
		}
		address := account.EmailAddress{UserID: userID, Email: email, Verified: true, CreatedAt: s.deps.Now()}
		err := rows.AddEmail(ctx, address, false)
		if errors.Is(err, authn.ErrConflict) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("add email address: %w", err)
		}
		added = append(added, address)
	}
	if draft.typed == "" || s.cfg.EmailVerificationByCode != nil { // by code, unverified addresses are not stored
		return added, nil
	}
	taken, _, err := s.recoverableByEmail(ctx, draft.typed)
	if err != nil {
		return nil, err
	}
	typed := account.EmailAddress{UserID: userID, Email: draft.typed, CreatedAt: s.deps.Now()}
	if err := rows.AddEmail(ctx, typed, false); err != nil {
		return nil, fmt.Errorf("add email address: %w", err)
	}
	added = append(added, typed)
	if draft.user.Phone != "" {
		// The number is verified first, and the mails must not tell whether another user
		// has it. The user can request the link later.
		return added, nil
	}
	if draft.isDecoy {
		typed.UserID = ""
	}
	if len(taken) > 0 {
		return added, s.mailAccountExistsForLink(ctx, userID, draft.typed)
	}
	_, err = s.mailLink(ctx, typed, false)
	return added, err
}

// usernameFor returns the username at the provider if it is valid and free, or else one
// that is generated from the names or the address.
func (s *Service) usernameFor(ctx context.Context, in login.ProviderSignup, email string, decoy bool) (string, error) {
	if in.Form == nil {
		name, errs, err := s.cleanUsername(ctx, in.Username, false)
		if err != nil {
			return "", err
		}
		if name != "" && len(errs) == 0 {
			_, err := s.usernames(decoy).UserIDByUsername(ctx, identifier.Username(name))
			if errors.Is(err, authn.ErrNotFound) {
				return name, nil
			}
			if err != nil {
				return "", fmt.Errorf("look up username: %w", err)
			}
		}
	}
	for _, text := range []string{in.FirstName, in.LastName, email, in.Username} {
		local, _, _ := strings.Cut(text, "@")
		if plainName(local) != "user" {
			return s.generateUsername(ctx, local, decoy)
		}
	}
	return s.generateUsername(ctx, "", decoy)
}
