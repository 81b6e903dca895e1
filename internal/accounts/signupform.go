package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
)

// cleanSignup validates a sign-up form, field by field in the configured order, and
// returns the account to create, or authn.Errors.
func (s *Service) cleanSignup(ctx context.Context, in SignupInput) (*newAccount, error) {
	draft := &newAccount{}
	_, emailRequired := signupField(s.cfg, "email")
	errs, err := s.cleanFields(ctx, draft, in, emailRequired)
	if err != nil {
		return nil, err
	}
	if !in.Passwordless {
		one, err := s.cleanNewPassword(ctx, in.Password, draft)
		if err != nil {
			return nil, err
		}
		errs = append(errs, one...)
	}
	hidden, taken, err := s.checkTaken(ctx, draft, draft.user)
	if err != nil {
		return nil, err
	}
	if errs = in.withProblems(append(errs, taken...)); len(errs) > 0 {
		s.sortBySignupFields(errs)
		return nil, errs
	}
	draft.taken = hidden
	if draft.user.Username == "" && s.needsUsername() {
		draft.user.Username, err = s.generateUsername(ctx, draft.user.Email, hidden)
	}
	return draft, err
}

// withProblems returns the problems that were found and those of reading the form. The
// latter replace the former of the same fields.
func (in SignupInput) withProblems(found authn.Errors) authn.Errors {
	isUnreadable := func(e *authn.Error) bool {
		return slices.ContainsFunc(in.Problems, func(p *authn.Error) bool { return p.Param == e.Param })
	}
	return append(slices.DeleteFunc(found, isUnreadable), in.Problems...)
}

// cleanFields validates all fields but the password and fills the draft. It returns the
// problems of the input.
func (s *Service) cleanFields(ctx context.Context, draft *newAccount, in SignupInput, emailRequired bool) (authn.Errors, error) {
	var errs authn.Errors
	for _, field := range s.cfg.SignupFields {
		name, required := strings.CutSuffix(field, "*")
		var one authn.Errors
		var err error
		switch name {
		case "email":
			draft.user.Email, one = cleanEmail("email", in.Email, emailRequired)
		case "email2":
			one = cleanEmail2(in)
		case "username":
			draft.user.Username, one, err = s.cleanUsername(ctx, in.Username, required)
		case "phone":
			draft.user.Phone, one, err = s.cleanPhone(ctx, in.Phone, required)
		}
		if err != nil {
			return nil, err
		}
		errs = append(errs, one...)
	}
	if s.cfg.SignupForm == nil {
		return errs, nil
	}
	extra, err := s.cfg.SignupForm(ctx, in.Fields)
	one, err := inputErrors(err)
	draft.user.Extra = extra
	return append(errs, one...), err
}

// inputErrors returns err as problems of the input, or, if it contains none, as the
// error of a failure that the client must not see.
func inputErrors(err error) (authn.Errors, error) {
	var list authn.Errors
	var one *authn.Error
	switch {
	case err == nil:
		return nil, nil
	case errors.As(err, &list):
		return list, nil
	case errors.As(err, &one):
		return authn.Errors{one}, nil
	}
	return nil, err
}

func (s *Service) sortBySignupFields(errs authn.Errors) {
	position := func(e *authn.Error) int {
		if e.Param == "password" {
			return len(s.cfg.SignupFields) + 1
		}
		for i, field := range s.cfg.SignupFields {
			if strings.TrimSuffix(field, "*") == e.Param {
				return i
			}
		}
		return len(s.cfg.SignupFields)
	}
	slices.SortStableFunc(errs, func(a, b *authn.Error) int { return position(a) - position(b) })
}

func cleanEmail(param, value string, required bool) (string, authn.Errors) {
	return cleanEmailBy(identifier.Email, param, value, required)
}

// cleanKnownEmail is cleanEmail for addresses of existing accounts, some of which a
// sign-up refuses.
func cleanKnownEmail(param, value string, required bool) (string, authn.Errors) {
	return cleanEmailBy(identifier.KnownEmail, param, value, required)
}

func cleanEmailBy(canonicalize func(string) (string, bool), param, value string, required bool) (string, authn.Errors) {
	if value == "" {
		if required {
			return "", problem.List(param, code.Required)
		}
		return "", nil
	}
	canonical, ok := canonicalize(value)
	switch {
	case ok:
		return canonical, nil
	case len(value) > 320:
		return "", append(problem.List(param, code.Invalid), problem.Of(param, code.MaxLength))
	case len(value) > identifier.MaxEmailLength:
		return "", problem.List(param, code.MaxLength)
	}
	return "", problem.List(param, code.Invalid)
}

func cleanEmail2(in SignupInput) authn.Errors {
	if in.Email2 == "" && in.Email != "" {
		return problem.List("email2", code.Required)
	}
	first, ok := identifier.Email(in.Email)
	second, _ := identifier.Email(in.Email2)
	if ok && first != second {
		return problem.List("email2", "")
	}
	return nil
}

func (s *Service) cleanUsername(ctx context.Context, value string, required bool) (string, authn.Errors, error) {
	length := utf8.RuneCountInString(value)
	switch {
	case value == "" && required:
		return "", problem.List("username", code.Required), nil
	case value == "":
		return "", nil, nil
	case length < s.cfg.UsernameMinLength:
		return "", problem.List("username", code.MinLength, s.cfg.UsernameMinLength), nil
	case length > identifier.MaxUsernameLength:
		return "", problem.List("username", code.MaxLength), nil
	case !identifier.ValidUsername(value), logsInBy(s.cfg, account.LoginByEmail) && strings.Contains(value, "@"):
		return "", problem.List("username", code.Invalid), nil
	}
	canonical := identifier.Username(value)
	if slices.ContainsFunc(s.cfg.UsernameBlacklist, func(name string) bool { return identifier.Username(name) == canonical }) {
		return "", problem.List("username", code.UsernameBlacklisted), nil
	}
	if s.cfg.ValidateUsername != nil {
		one, err := inputErrors(s.cfg.ValidateUsername(ctx, value))
		if err != nil || len(one) > 0 {
			return "", one, err
		}
	}
	if s.cfg.LowercaseUsernames {
		value = strings.ToLower(value)
	}
	return value, nil, nil
}

func (s *Service) cleanPhone(ctx context.Context, value string, required bool) (string, authn.Errors, error) {
	switch {
	case value == "" && required:
		return "", problem.List("phone", code.Required), nil
	case value == "":
		return "", nil, nil
	}
	value, ok := s.canonicalPhone(ctx, value)
	if !ok {
		return "", problem.List("phone", code.InvalidPhone), nil
	}
	if s.cfg.Phone != nil && s.cfg.Phone.Validate != nil {
		one, err := inputErrors(s.cfg.Phone.Validate(ctx, value))
		return value, one, err
	}
	return value, nil, nil
}

// cleanNewPassword validates the password of a sign-up and stores it in the draft. It does
// not change the password.
func (s *Service) cleanNewPassword(ctx context.Context, value string, draft *newAccount) (errs authn.Errors, err error) {
	present, required := signupField(s.cfg, "password1")
	switch {
	case !present:
		return nil, nil
	case value == "" && required:
		return problem.List("password", code.Required), nil
	case value == "":
		return nil, nil
	}
	in := draft.user
	user := &authn.User{Username: in.Username, Display: in.Display, Extra: in.Extra}
	draft.password = value
	errs, draft.unchecked, err = s.checkNewPassword(ctx, s.cfg.Password.ForSingleFactor(), "password", value, user, in.Email, in.Username)
	return errs, err
}

func (s *Service) needsUsername() bool {
	present, _ := signupField(s.cfg, "username")
	return present || s.cfg.GenerateUsernames || logsInBy(s.cfg, account.LoginByUsername)
}

// Display returns the name of a user as the API shows it.
func (s *Service) Display(id *login.Identity) string {
	name := login.NameOf(id.User)
	if s.cfg.GenerateUsernames { // other users may see the name in place of the address
		return cmp.Or(name, id.User.ID)
	}
	return cmp.Or(name, id.Email, id.User.ID)
}

// usernames returns the store in which a generated username is looked up.
func (s *Service) usernames(decoy bool) account.UsernameStore {
	if decoy {
		return s.decoys
	}
	return s.store
}

const (
	usernameSuffix     = "0123456789abcdefghijklmnopqrstuvwxyz"
	usernameSuffixSize = 4
	// usernameCandidates are looked up at most, usernameLookups in any case: the time must
	// not tell that the local part of a known address is the username of its owner.
	usernameCandidates, usernameLookups = 4, 2
)

// generateUsername returns a free username: the local part of the address, with a suffix
// if that is taken or refused by the rules for usernames. It is random if all candidates
// are.
func (s *Service) generateUsername(ctx context.Context, email string, decoy bool) (string, error) {
	local, _, _ := strings.Cut(email, "@")
	stem := plainName(local)
	var free string
	for n := 0; n < usernameLookups || n < usernameCandidates && free == ""; n++ {
		candidate, err := s.usernameCandidate(ctx, stem, n > 0)
		if err != nil {
			return "", err
		}
		_, err = s.usernames(decoy).UserIDByUsername(ctx, identifier.Username(candidate))
		switch {
		case errors.Is(err, authn.ErrNotFound):
			free = cmp.Or(free, candidate)
		case err != nil:
			return "", fmt.Errorf("look up username: %w", err)
		}
	}
	if free != "" {
		return free, nil
	}
	return keyring.RandomID(s.deps.Rand)
}

// usernameCandidate returns the stem as a username, with a random suffix or without. It is
// empty if the rules for usernames refuse it.
func (s *Service) usernameCandidate(ctx context.Context, stem string, suffixed bool) (string, error) {
	name := stem
	if suffixed {
		suffix, err := randomSuffix(s.deps.Rand, max(usernameSuffixSize, s.cfg.UsernameMinLength-len(stem)))
		if err != nil {
			return "", err
		}
		name += suffix
	}
	name, errs, err := s.cleanUsername(ctx, name, false)
	if err != nil || len(errs) > 0 {
		return "", err
	}
	return name, nil
}

// plainName removes the characters that username rules may forbid. It returns "user" if
// none is left.
func plainName(text string) string {
	unaccent := transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn)))
	plain, _, err := transform.String(unaccent, text)
	if err != nil {
		plain = text
	}
	plain = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '.', r == '-', r == '_':
			return r
		case r == ' ':
			return '_'
		}
		return -1
	}, strings.ToLower(plain))
	if plain == "" {
		return "user"
	}
	return plain[:min(len(plain), identifier.MaxUsernameLength-usernameSuffixSize)]
}

func randomSuffix(random io.Reader, size int) (string, error) {
	b, err := keyring.RandomBytes(random, size)
	for i := range b {
		b[i] = usernameSuffix[int(b[i])%len(usernameSuffix)]
	}
	return string(b), err
}
