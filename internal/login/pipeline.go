package login

import (
	"context"
	"errors"
	"slices"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/work"
)

// Config configures a Pipeline.
type Config struct {
	Work     *work.Deps
	Accounts Accounts
	// Factors is NoFactors if second factors are turned off.
	Factors Factors
	// Social is nil if logins through providers are turned off.
	Social   Ways
	Sessions Sessions
	// BeforeLogin is the host's hook that may refuse a login, called after every stage.
	// It may be nil.
	BeforeLogin func(ctx context.Context, u *authn.User, methods []authn.Method) error
	// RequiredFor is the host's hook that reports whether the user must have a second
	// factor. It may be nil.
	RequiredFor func(ctx context.Context, u *authn.User) (bool, error)
	// AsksClaims is true if the host adds claims to the tokens of an app.
	AsksClaims bool
}

// Pipeline takes logins through the stages. It is safe for concurrent use.
type Pipeline struct {
	cfg    Config
	ways   []Ways
	stages []stage
}

// New returns a Pipeline.
func New(cfg Config) *Pipeline {
	accounts, factors := cfg.Accounts, cfg.Factors
	ways := []Ways{accounts}
	if cfg.Social != nil {
		ways = append(ways, cfg.Social)
	}
	p := &Pipeline{cfg: cfg, ways: append(ways, factors)}
	p.stages = []stage{
		{StageLoginByCode, func(ctx context.Context, s *Session, l *Attempt) (Verdict, error) {
			trusted := func() bool { return l.UserID != "" && factors.TrustsForCode(ctx, s, l.UserID) }
			enrolls := func() (bool, error) { return p.mustEnroll(ctx, s, l) }
			return accounts.EnterLoginByCode(ctx, s, l, trusted, enrolls)
		}},
		{StageVerifyPhone, accounts.EnterVerifyPhone},
		{StageVerifyEmail, accounts.EnterVerifyEmail},
		{StageMFAAuthenticate, factors.EnterAuthenticate},
		{StageMFATrust, factors.EnterTrust},
		{StageMFASignupWebAuthn, factors.EnterSignup},
		{StageMFAEnroll, p.enterEnroll},
	}
	return p
}

// Start begins a login in the session, in place of a pending one, and takes it to the
// first stage that waits, or to the end. Afterwards the session has an identity, a
// pending login, or, if the login was refused, neither.
func (p *Pipeline) Start(ctx context.Context, s *Session, l Attempt) error {
	l.StartedAt = p.cfg.Work.Now()
	l.Stage = ""
	id, err := p.cfg.Accounts.Identify(work.AcceptEarlier(ctx), l.UserID) // complete reads it again
	switch {
	case l.UserID == "" && errors.Is(err, authn.ErrNotFound):
	case err != nil:
		return err
	case id.User.Disabled:
		s.SetLogin(nil)
		return nil
	case l.AuthHash == "":
		l.AuthHash = id.AuthHash
	}
	l.inherit(s.Login())
	return p.walk(ctx, s, &l, p.stages)
}

// Pass passes the stage at which the pending login waits, and takes the login to the
// next stage that waits, or to the end. Returns work.ErrNotPending if no login waits at
// the stage, or if the user has a new password meanwhile: the login may have begun with
// a stolen one.
func (p *Pipeline) Pass(ctx context.Context, s *Session, stage string) error {
	l := s.Pending(stage)
	if l == nil {
		return work.ErrNotPending
	}
	current, err := l.IsCurrent(ctx, p.cfg.Accounts)
	if err != nil {
		return err
	}
	if !current {
		return work.ErrNotPending
	}
	l.Passed = append(l.Passed, stage)
	s.Finish()
	return p.walk(ctx, s, l, p.from(stage)[1:])
}

// from returns the stages from the one with that id on.
func (p *Pipeline) from(id string) []stage {
	return p.stages[slices.IndexFunc(p.stages, func(st stage) bool { return st.id == id }):]
}

// Rebind gives the user's pending attempt the fingerprint of the password that was just
// changed in it, so that the attempt continues.
func (p *Pipeline) Rebind(ctx context.Context, s *Session, userID string) error {
	l := s.Login()
	if l == nil || l.UserID != userID {
		return nil
	}
	id, err := p.cfg.Accounts.Identify(ctx, userID)
	if err != nil {
		return err
	}
	l.AuthHash = id.AuthHash
	s.SetLogin(l)
	return nil
}

// AsksHost reports whether a hook of the host is called for users who log in. It is
// called outside of any transaction, after the user is stored.
func (p *Pipeline) AsksHost() bool {
	return p.cfg.BeforeLogin != nil || p.cfg.RequiredFor != nil || p.cfg.AsksClaims
}

// Distrust ends the trust of the user in all browsers.
func (p *Pipeline) Distrust(ctx context.Context, userID string) error {
	return p.cfg.Factors.Distrust(ctx, userID)
}

// Evict removes every way in of the user.
func (p *Pipeline) Evict(ctx context.Context, userID string) error {
	for _, ways := range p.ways {
		if err := ways.Evict(ctx, userID); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pipeline) walk(ctx context.Context, s *Session, l *Attempt, stages []stage) error {
	for _, stage := range stages {
		if slices.Contains(l.Skipped, stage.id) {
			continue
		}
		verdict, err := stage.enter(ctx, s, l)
		if err != nil {
			return err
		}
		switch verdict {
		case Wait:
			l.Stage = stage.id
			s.SetLogin(l)
			return nil
		case Abort:
			s.SetLogin(nil)
			return nil
		}
	}
	return p.complete(ctx, s, l)
}

// isVeto reports whether the error of a hook is a refusal, which the client receives,
// and not a failure.
func isVeto(err error) bool {
	var one *authn.Error
	var many authn.Errors
	return errors.As(err, &one) || errors.As(err, &many)
}

func (p *Pipeline) complete(ctx context.Context, s *Session, l *Attempt) error {
	if l.UserID == "" {
		s.SetLogin(nil)
		return nil
	}
	// Read the user again: another request may have disabled them, or changed the
	// password, meanwhile.
	id, err := p.cfg.Accounts.Identify(ctx, l.UserID)
	if errors.Is(err, authn.ErrNotFound) || err == nil && (id.User.Disabled || id.AuthHash != l.AuthHash) {
		s.SetLogin(nil)
		return nil
	}
	if err != nil {
		return err
	}
	methods := s.State.Methods
	if s.State.MethodsOf != l.UserID {
		methods = nil
	}
	if p.cfg.BeforeLogin != nil {
		known, err := s.verdictOn(l.UserID, id.AuthHash, methods)
		if !known {
			return work.AskHost(func(ctx context.Context) error {
				err := p.cfg.BeforeLogin(ctx, id.User, slices.Clone(methods))
				s.verdict = &verdict{userID: l.UserID, authHash: id.AuthHash, methods: len(methods), err: err}
				return nil
			})
		}
		if isVeto(err) {
			s.SetLogin(nil)
			work.Refuse(ctx, err)
			return nil
		} else if err != nil {
			return err
		}
	}
	if l.GivenEmail != nil || l.GivenPhone != nil {
		if err := p.cfg.Accounts.StoreGiven(ctx, s, l); isVeto(err) {
			l.GivenEmail, l.GivenPhone = nil, nil
			return p.walk(ctx, s, l, p.from(StageVerifyPhone))
		} else if err != nil {
			return err
		}
		if id, err = p.cfg.Accounts.Identify(ctx, l.UserID); err != nil {
			return err
		}
	}
	s.LogIn(id)
	work.Emit(ctx, l.UserID, account.UserLoggedIn{Signup: l.Signup, Methods: slices.Clone(methods)})
	return p.cfg.Accounts.RememberDevice(ctx, s, l)
}
