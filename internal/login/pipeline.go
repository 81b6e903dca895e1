package login

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/work"
)

// Sessions tells whether sessions live.
type Sessions interface {
	// Lives reports whether the user has that session, and it carries that
	// fingerprint.
	Lives(ctx context.Context, userID, id, authHash string) (bool, error)
}

// PipelineConfig is what a Pipeline is made of.
type PipelineConfig struct {
	Deps       *work.Deps
	Rooms      []Room
	Identifier Identifier
	Sessions   Sessions
	Now        func() time.Time
	// LoginTimeout is how long a login may stay pending, from its start.
	LoginTimeout time.Duration
	// BeforeLogin is the host's veto, called when every stage has passed. It
	// may be nil.
	BeforeLogin func(ctx context.Context, u *authn.User, methods []authn.Method) error
	// AsksClaims is true where the host adds claims to the tokens of an app.
	AsksClaims bool
	// StoreGiven stores what the user gave while the login waited; it is called
	// when every stage has passed. If it returns authn.Errors, the login waits for
	// the address or number again. It may be nil.
	StoreGiven func(ctx context.Context, s *Session, l *Attempt) error
	// Remember is called in the session of whoever has just logged in. It may be
	// nil.
	Remember func(s *Session) error
	// Distrust ends the trust of the user in all browsers. It may be nil.
	Distrust func(ctx context.Context, userID string) error
	// TrustsForCode reports whether the browser of the session may skip a
	// required code of the user. It may be nil.
	TrustsForCode func(ctx context.Context, s *Session, userID string) bool
	// BlocksEmail reports whether the user may not add an address that is not
	// proved, because of their second factor. It may be nil.
	BlocksEmail func(ctx context.Context, userID string) (bool, error)
	// HasSecondFactor reports whether the user has a second factor. Nil: no.
	HasSecondFactor func(ctx context.Context, userID string) (bool, error)
}

// Pipeline takes logins through the stages. It is safe for concurrent use.
type Pipeline struct {
	cfg    PipelineConfig
	stages []Stage // in StageOrder
}

// NewPipeline sorts the rooms' stages. It fails on a stage that StageOrder does
// not know.
func NewPipeline(cfg PipelineConfig) (*Pipeline, error) {
	p := &Pipeline{cfg: cfg}
	for _, room := range cfg.Rooms {
		for _, stage := range room.Stages() {
			if !slices.Contains(StageOrder, stage.ID) {
				return nil, fmt.Errorf("login: unknown stage %q", stage.ID)
			}
			p.stages = append(p.stages, stage)
		}
	}
	slices.SortFunc(p.stages, func(a, b Stage) int {
		return slices.Index(StageOrder, a.ID) - slices.Index(StageOrder, b.ID)
	})
	return p, nil
}

// Start begins a login in the session, in place of one that was pending, and
// takes it as far as it gets. The session tells the outcome: it has an
// identity, a pending login, or neither.
func (p *Pipeline) Start(ctx context.Context, s *Session, l Attempt) error {
	l.StartedAt = p.cfg.Now()
	l.Stage = ""
	id, err := p.cfg.Identifier.Identify(work.AcceptEarlier(ctx), l.UserID) // complete reads it anew
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
	l.inherit(p.Login(s))
	return p.walk(ctx, s, &l, p.stages)
}

// Pending returns the login that waits at the stage, or nil. A login that has
// run out of time is dropped.
func (p *Pipeline) Pending(s *Session, stage string) *Attempt {
	if l := p.Login(s); l != nil && l.Stage == stage {
		return l
	}
	return nil
}

// Login returns the pending login, whatever stage it waits at, or nil.
func (p *Pipeline) Login(s *Session) *Attempt {
	l := s.State.Login
	if l == nil || s.Authenticated() {
		return nil
	}
	if p.cfg.Now().Sub(l.StartedAt) > p.cfg.LoginTimeout {
		s.SetLogin(nil)
		return nil
	}
	return l
}

// Pass lets the pending login through the stage it waits at and takes it as far
// as it gets. work.ErrNotPending if it does not wait there, or if the user has a new
// password by now: the login may have begun with a stolen one.
func (p *Pipeline) Pass(ctx context.Context, s *Session, stage string) error {
	l := p.Pending(s, stage)
	if l == nil {
		return work.ErrNotPending
	}
	current, err := l.IsCurrent(ctx, p.cfg.Identifier)
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
func (p *Pipeline) from(stage string) []Stage {
	return p.stages[slices.IndexFunc(p.stages, func(st Stage) bool { return st.ID == stage }):]
}

// Rebind lets the pending login of the user, if there is one, go on under the
// password that they have now: whoever is logging in has just replaced it.
func (p *Pipeline) Rebind(ctx context.Context, s *Session, userID string) error {
	l := p.Login(s)
	if l == nil || l.UserID != userID {
		return nil
	}
	id, err := p.cfg.Identifier.Identify(ctx, userID)
	if err != nil {
		return err
	}
	l.AuthHash = id.AuthHash
	s.SetLogin(l)
	return nil
}

// Abort drops the pending login.
func (p *Pipeline) Abort(s *Session) { s.SetLogin(nil) }

// TrustsForCode reports whether the browser of the session may skip a required
// code of the user.
func (p *Pipeline) TrustsForCode(ctx context.Context, s *Session, userID string) bool {
	return p.cfg.TrustsForCode != nil && userID != "" && p.cfg.TrustsForCode(ctx, s, userID)
}

// Distrust ends the trust of the user in all browsers.
func (p *Pipeline) Distrust(ctx context.Context, userID string) error {
	if p.cfg.Distrust == nil {
		return nil
	}
	return p.cfg.Distrust(ctx, userID)
}

// BlocksEmail reports whether the user may not add an address that is not
// proved.
func (p *Pipeline) BlocksEmail(ctx context.Context, userID string) (bool, error) {
	if p.cfg.BlocksEmail == nil {
		return false, nil
	}
	return p.cfg.BlocksEmail(ctx, userID)
}

// HasSecondFactor reports whether the user has a second factor.
func (p *Pipeline) HasSecondFactor(ctx context.Context, userID string) (bool, error) {
	if p.cfg.HasSecondFactor == nil {
		return false, nil
	}
	return p.cfg.HasSecondFactor(ctx, userID)
}

// AsksHost reports whether the host is asked about users who log in: outside of any
// transaction, when they are stored.
func (p *Pipeline) AsksHost() bool { return p.cfg.BeforeLogin != nil || p.cfg.AsksClaims }

// Evict removes every way in that any room keeps for the user.
func (p *Pipeline) Evict(ctx context.Context, userID string) error {
	for _, room := range p.cfg.Rooms {
		if err := room.Evict(ctx, userID); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pipeline) walk(ctx context.Context, s *Session, l *Attempt, stages []Stage) error {
	for _, stage := range stages {
		verdict, err := stage.Enter(ctx, s, l)
		if err != nil {
			return err
		}
		switch verdict {
		case Wait:
			l.Stage = stage.ID
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
	id, err := p.cfg.Identifier.Identify(ctx, l.UserID)
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
	if p.cfg.StoreGiven != nil && (l.GivenEmail != nil || l.GivenPhone != nil) {
		if err := p.cfg.StoreGiven(ctx, s, l); isVeto(err) {
			l.GivenEmail, l.GivenPhone = nil, nil
			return p.walk(ctx, s, l, p.from(StageVerifyPhone))
		} else if err != nil {
			return err
		}
		if id, err = p.cfg.Identifier.Identify(ctx, l.UserID); err != nil {
			return err
		}
	}
	s.LogIn(id)
	work.Emit(ctx, account.UserLoggedIn{UserID: l.UserID, Signup: l.Signup, Methods: slices.Clone(methods), Client: s.Client})
	if p.cfg.Remember == nil {
		return nil
	}
	return p.cfg.Remember(s)
}
