package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// SignupInput is the input of a sign-up form.
type SignupInput struct {
	// Email2 repeats Email. All are as they were typed.
	Email, Email2, Username, Phone, Password string
	// Fields are all members of the input, for the custom ones.
	Fields map[string]json.RawMessage
	// Passwordless means that the form has no password, because the user signs up with a
	// passkey or through a provider.
	Passwordless bool
	// Problems are those of fields that could not be read, which are empty. They are
	// returned together with the problems of other fields.
	Problems authn.Errors
}

// SignupOptions are what other packages add to a sign-up.
type SignupOptions struct {
	// EmailVerified means that the address is verified already.
	EmailVerified bool
	// Consume uses up what the sign-up is completed by, in the transaction that creates
	// the user, or its decoy, once they are created: a name that is taken meanwhile
	// leaves it. It may be nil.
	Consume func(ctx context.Context) error
	// AfterCreate runs in the transaction that creates the user.
	AfterCreate func(ctx context.Context, userID string) error
	// AfterDecoy does the work of AfterCreate for a decoy. What it writes is rolled back.
	AfterDecoy func(ctx context.Context, userID string) error
	// Prepare changes the attempt before the login starts, for example so that it waits at
	// a stage.
	Prepare func(l *login.Attempt)
}

func (o SignupOptions) consume(ctx context.Context) error {
	if o.Consume == nil {
		return nil
	}
	return o.Consume(ctx)
}

// newAccount is a validated sign-up.
type newAccount struct {
	user     authn.NewUser
	password string
	hash     string
	// unchecked is true if the password could not be looked up in the list of breached
	// ones.
	unchecked bool
	// taken is true if another user has the address or the number, so that the sign-up is
	// a decoy.
	taken bool
	// verifiedByProvider are the addresses that are verified at the provider. If there are
	// any, one of them becomes the primary one, and typed is another one that the user
	// typed.
	verifiedByProvider []string
	typed              string
	// isDecoy is true for what is rolled back: its messages are not sent.
	isDecoy bool
	// emailOnOthers and phoneOnOthers are true if the address or the number is on accounts
	// that it cannot recover.
	emailOnOthers, phoneOnOthers bool
}

// Signup creates an account and starts its first login. It charges the limit on sign-ups.
// If the address is taken and the client must not learn it, it starts a decoy. Returns
// authn.Errors for wrong input, work.ErrNotPending if a user is logged in, and
// work.ErrForbidden if sign-up is closed.
func (s *Flows) Signup(ctx context.Context, sess *login.Session, in SignupInput, opts SignupOptions) error {
	settle, err := s.takeSignup(ctx, sess, in)
	if err != nil {
		return err
	}
	defer settle()
	draft, err := s.cleanSignup(ctx, in)
	if err != nil {
		return err
	}
	if sess.Authenticated() {
		return work.ErrNotPending
	}
	if !s.IsOpenForSignup(ctx) {
		return work.ErrForbidden
	}
	if s.cfg.BeforeSignup != nil {
		if err := s.cfg.BeforeSignup(ctx, &draft.user); err != nil {
			return err
		}
	}
	// The hash is computed for a taken address, too, so that the time does not show it.
	if draft.password != "" {
		if draft.hash, err = s.hasher.Hash(ctx, draft.password); err != nil {
			return err
		}
	}
	for try := 0; !draft.taken; try++ {
		err = s.createAndStart(ctx, sess, draft, opts)
		if !errors.Is(err, errTaken) {
			return err
		}
		if try == maxSignupTries {
			return fmt.Errorf("create account: %w", authn.ErrConflict)
		}
		if err = s.resolveTaken(ctx, draft, in.Username == ""); err != nil {
			return err
		}
	}
	return s.decoySignup(ctx, sess, draft, opts)
}

// takeSignup charges the limit on sign-ups and, in the same step, that on mails which
// verify an address, if the sign-up is going to send one. The caller must call settle,
// see [work.Deps.TakeAhead].
func (s *Flows) takeSignup(ctx context.Context, sess *login.Session, in SignupInput) (settle func(), err error) {
	signup := ratelimit.Charge{
		Action: ratelimit.ActionSignup, Subject: ratelimit.Subject{IP: sess.Client.IP, User: sess.UserID()},
	}
	email, errs := cleanEmail("email", in.Email, true)
	if len(errs) > 0 || !s.mailsAtSignup(sess, in) {
		_, err := s.deps.Limits.TakeAll(ctx, signup)
		return func() {}, err
	}
	return s.deps.TakeAhead(ctx, signup, ratelimit.Charge{
		Action: ratelimit.ActionConfirmEmail, Subject: ratelimit.Subject{Key: email},
	})
}

// mailsAtSignup reports whether a sign-up mails a link or code at once, because no earlier
// stage waits.
func (s *Service) mailsAtSignup(sess *login.Session, in SignupInput) bool {
	present, _ := signupField(s.cfg, "phone")
	waitsForPhone := present && in.Phone != "" && !s.cfg.Phone.VerificationDisabled
	return s.cfg.EmailVerification != authn.VerificationNone && !waitsForPhone && !s.codeRequired(sess, &login.Attempt{Signup: true})
}

// errTaken means that another request took the username, the address or the number after
// they were checked.
var errTaken = errors.New("account: taken meanwhile")

// createAndStart creates the account and starts its first login. Returns errTaken if
// another request took the username, the address or the number meanwhile.
func (s *Flows) createAndStart(ctx context.Context, sess *login.Session, draft *newAccount, opts SignupOptions) error {
	var attempt login.Attempt
	return s.createThenStart(ctx, func(ctx context.Context) error {
		var userID string
		err := s.deps.Tx.InSavepoint(ctx, func(ctx context.Context) (err error) { // as for a decoy, whose rows are rolled back
			userID, err = s.create(ctx, s.rows, draft, opts)
			return err
		})
		if errors.Is(err, authn.ErrConflict) {
			return errTaken
		}
		if err == nil {
			err = opts.consume(ctx)
		}
		if err != nil {
			return err
		}
		work.Emit(ctx, userID, account.UserSignedUp{})
		if draft.unchecked {
			work.Emit(ctx, userID, password.LookupFailed{})
		}
		attempt = login.Attempt{UserID: userID, Email: draft.user.Email, Phone: draft.user.Phone, Signup: true}
		if len(draft.verifiedByProvider) > 0 {
			attempt.Email = "" // any verified address passes the stage verify_email
		}
		if opts.Prepare != nil {
			opts.Prepare(&attempt)
		}
		return nil
	}, func(ctx context.Context) error {
		return s.pipeline.Start(ctx, sess, attempt)
	})
}

// createThenStart calls both functions in one transaction, or, with the hook BeforeLogin,
// in two, so that the hook finds the account in the database.
func (s *Flows) createThenStart(ctx context.Context, create, start func(ctx context.Context) error) error {
	if s.pipeline.AsksHost() {
		if err := s.deps.InTx(ctx, create); err != nil {
			return err
		}
		return s.deps.InTx(ctx, start)
	}
	return s.deps.InTx(ctx, func(ctx context.Context) error {
		if err := create(ctx); err != nil {
			return err
		}
		return start(ctx)
	})
}

// create stores all rows of an account in rows, which are those of users or of decoys. It
// runs in a transaction.
func (s *Service) create(ctx context.Context, rows Rows, draft *newAccount, opts SignupOptions) (string, error) {
	user, err := rows.CreateUser(ctx, draft.user)
	if err != nil {
		return "", fmt.Errorf("create user: %w", err)
	}
	if draft.user.Username != "" {
		if err := claimUsername(ctx, rows, user.ID, draft.user.Username, false); err != nil {
			return "", fmt.Errorf("claim username: %w", err)
		}
	}
	var emails []account.EmailAddress
	if draft.user.Email != "" {
		verified := slices.Contains(draft.verifiedByProvider, draft.user.Email)
		email := account.EmailAddress{UserID: user.ID, Email: draft.user.Email, Primary: true, Verified: opts.EmailVerified || verified, CreatedAt: s.deps.Now()}
		// An address that is verified at the provider is not refused because another user
		// has it unverified.
		if err := rows.AddEmail(ctx, email, !verified && s.exclusive(draft.emailOnOthers)); err != nil {
			return "", fmt.Errorf("add email address: %w", err)
		}
		others, err := s.addProviderEmails(ctx, rows, user.ID, draft)
		if err != nil {
			return "", err
		}
		emails = append([]account.EmailAddress{email}, others...)
	}
	var phone *account.Phone
	if draft.user.Phone != "" {
		phone = &account.Phone{UserID: user.ID, Number: draft.user.Phone}
		if err := rows.SetPhone(ctx, *phone, !draft.phoneOnOthers); err != nil {
			return "", fmt.Errorf("add phone number: %w", err)
		}
	}
	if draft.hash != "" {
		if err := rows.SwapPasswordHash(ctx, user.ID, "", draft.hash); err != nil {
			return "", fmt.Errorf("set password: %w", err)
		}
		if err := s.markUnchecked(ctx, user.ID, draft.unchecked); err != nil {
			return "", err
		}
	}
	s.noteCreated(ctx, user, draft.hash, emails, phone)
	if opts.AfterCreate != nil {
		if err := opts.AfterCreate(ctx, user.ID); err != nil {
			return "", err
		}
	}
	return user.ID, nil
}

// resolveTaken checks again after errTaken. It returns the problems that the client may
// learn, sets draft.taken for others, and generates another username if the taken one was
// generated.
func (s *Service) resolveTaken(ctx context.Context, draft *newAccount, generated bool) (err error) {
	user := draft.user
	if generated {
		user.Username = ""
	}
	var errs authn.Errors
	if draft.taken, errs, err = s.checkTaken(ctx, draft, user); err != nil {
		return err
	}
	if len(errs) > 0 {
		return errs
	}
	if generated && draft.user.Username != "" && !draft.taken {
		draft.user.Username, err = s.generateUsername(ctx, user.Email, false)
	}
	return err
}

// acceptsDuplicates reports whether several accounts may have the same unverified address.
func (s *Service) acceptsDuplicates() bool {
	return s.cfg.Enumeration == account.PreventEnumerationStrictly && s.cfg.EmailVerification != authn.VerificationMandatory
}

// checkTaken looks up the username, the address and the number. It returns the problems
// that the client may learn. hidden is true if there is one that it must not learn. It
// sets draft.emailOnOthers and draft.phoneOnOthers.
func (s *Service) checkTaken(ctx context.Context, draft *newAccount, user authn.NewUser) (hidden bool, errs authn.Errors, err error) {
	if user.Username != "" {
		_, err := s.store.UserIDByUsername(ctx, identifier.Username(user.Username))
		if err == nil {
			errs = append(errs, problem.Of("username", code.UsernameTaken))
		} else if !errors.Is(err, authn.ErrNotFound) {
			return false, nil, fmt.Errorf("look up username: %w", err)
		}
	}
	if user.Email != "" && !s.acceptsDuplicates() {
		emails, onOthers, err := s.recoverableByEmail(ctx, user.Email)
		if err != nil {
			return false, nil, err
		}
		draft.emailOnOthers = onOthers
		if len(emails) > 0 {
			if s.cfg.Enumeration == account.AllowEnumeration || s.cfg.EmailVerification != authn.VerificationMandatory {
				errs = append(errs, problem.Of("email", code.EmailTaken))
			} else {
				hidden = true
			}
		}
	}
	if user.Phone != "" {
		phones, onOthers, err := s.recoverableByPhone(ctx, user.Phone)
		if err != nil {
			return false, nil, err
		}
		draft.phoneOnOthers = onOthers
		if len(phones) > 0 {
			if s.cfg.Enumeration == account.AllowEnumeration || s.cfg.Phone.VerificationDisabled {
				errs = append(errs, problem.Of("phone", code.PhoneTaken))
			} else {
				hidden = true
			}
		}
	}
	return hidden, errs, nil
}

// messageLifetime is how long the delivery of a message without a secret is tried.
const messageLifetime = 24 * time.Hour

// mailAccountExists mails the owner of an address that someone tried to use it.
func (s *Service) mailAccountExists(ctx context.Context, email string) error {
	return s.deps.Post.Mail(ctx, "account/account_already_exists", email, nil, map[string]any{
		"SignupURL":        s.deps.FrontendURLs.Signup,
		"PasswordResetURL": s.deps.FrontendURLs.ResetPassword,
	}, messageLifetime)
}

// mailAccountExistsForLink is mailAccountExists in place of mailLink for that user. It does
// the same work, and mails nothing if the limit would not allow a link.
func (s *Service) mailAccountExistsForLink(ctx context.Context, userID, email string) error {
	err := s.takeConfirmEmail(ctx, email)
	if errors.Is(err, ratelimit.ErrLimited) {
		return nil
	}
	if err == nil {
		_, err = s.passwordHash(ctx, userID)
	}
	if err != nil {
		return err
	}
	return s.mailAccountExists(ctx, email)
}

// mailUnknownAccount mails an address that no account has it.
func (s *Service) mailUnknownAccount(ctx context.Context, email string) error {
	post := s.deps.Post
	if s.cfg.DisableEmailUnknownAccounts {
		post = post.To("")
	}
	return post.Mail(ctx, "account/unknown_account", email, nil, map[string]any{
		"SignupURL": s.deps.FrontendURLs.Signup,
	}, messageLifetime)
}

// textAccountExists texts the owner of a number that someone tried to use it.
func (s *Service) textAccountExists(ctx context.Context, number string) error {
	return s.deps.Post.Text(ctx, "account_already_exists", number, nil, map[string]any{}, messageLifetime)
}
