package login

import (
	"context"
	"errors"
	"slices"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/work"
)

// Config is what a Pipeline is made of.
type Config struct {
	Work     *work.Deps
	Accounts Accounts
	// Factors is NoFactors where second factors are turned off.
	Factors Factors
	// Social is nil where logins through providers are turned off.
	Social   Ways
	Sessions Sessions
	// BeforeLogin is the host's veto, called when every stage has passed. Nil: the
	// host lets every user log in.
	BeforeLogin func(ctx context.Context, u *authn.User, methods []authn.Method) error
	// AsksClaims is true where the host adds claims to the tokens of an app.
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
			return accounts.EnterLoginByCode(ctx, s, l, trusted)
		}},
		{StageVerifyPhone, accounts.EnterVerifyPhone},
		{StageVerifyEmail, accounts.EnterVerifyEmail},
		{StageMFAAuthenticate, factors.EnterAuthenticate},
		{StageMFATrust, factors.EnterTrust},
		{StageMFASignupWebAuthn, factors.EnterSignup},
	}
	return p
}

// Start begins a login in the session, in place of one that was pending, and
// takes it as far as it gets. The session tells the outcome: it has an
// identity, a pending login, or neither.
func (p *Pipeline) Start(ctx context.Context, s *Session, l Attempt) error {
	l.StartedAt = p.cfg.Work.Now()
	l.Stage = ""
	id, err := p.cfg.Accounts.Identify(work.AcceptEarlier(ctx), l.UserID) // complete reads it anew
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

// Pass lets the pending login through the stage it waits at and takes it as far
// as it gets. work.ErrNotPending if it does not wait there, or if the user has a new
// password by now: the login may have begun with a stolen one.
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

// Rebind lets the pending attempt of the user continue under the new password that
// the user has just set in it.
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

// AsksHost reports whether the host is asked about users who log in: outside of any
// transaction, when they are stored.
func (p *Pipeline) AsksHost() bool { return p.cfg.BeforeLogin != nil || p.cfg.AsksClaims }

// Distrust ends the trust of the user in all browsers.
func (p *Pipeline) Distrust(ctx context.Context, userID string) error {
	return p.cfg.Factors.Distrust(ctx, userID)
}

// Evict removes every way in that is kept for the user.
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

// isVeto tells a refusal that the client may see from a hook that failed.
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
	// The user is read again: it may have been disabled, or got a new password,
	// while the login was under way.
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
	work.Emit(ctx, account.UserLoggedIn{UserID: l.UserID, Signup: l.Signup, Methods: slices.Clone(methods), Client: s.Client})
	return p.cfg.Accounts.RememberDevice(s)
}
