package codes

import (
	"context"
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// Pending is a code that the user has to enter, or, without a challenge, a code that is
// not sent yet.
type Pending struct {
	*authn.Challenge
	kind  Kind
	codes *Challenges
}

// New returns a code that is not sent yet.
func (s *Challenges) New(kind Kind) *Pending { return &Pending{kind: kind, codes: s} }

// Pending returns the code of the challenge with that id, or work.ErrNotPending.
func (s *Challenges) Pending(ctx context.Context, kind Kind, id string) (*Pending, error) {
	c, err := s.Find(ctx, kind.Purpose, id)
	if err != nil {
		return nil, err
	}
	return &Pending{c, kind, s}, nil
}

// Verify counts an attempt, in the challenge and by guesses, and then compares the input
// with the code. Returns authn.Errors if it is wrong, work.ErrNotPending if the challenge
// does not exist any more. Input that does not have the format of codes is refused
// without counting an attempt. After the last attempt the challenge is deleted, see
// [Pending.Exhausted]. The right code does not consume the challenge: if the flow does
// not either, the attempt is refunded at the end of the request.
func (p *Pending) Verify(ctx context.Context, typed string, guesses ratelimit.Subject) error {
	incorrect := problem.List(p.kind.Param, code.IncorrectCode)
	switch {
	case typed == "":
		return problem.List(p.kind.Param, code.Required)
	case !Fits(p.kind.Format, typed):
		return incorrect
	}
	attempt, err := p.codes.Deps.Limits.Take(ctx, ratelimit.ActionConfirmCode, guesses)
	if err != nil {
		return err
	}
	if err := p.count(ctx); err != nil {
		return err
	}
	if p.codes.Matches(p.Challenge, typed) {
		work.Afterwards(ctx, p.refund)
		work.Afterwards(ctx, attempt.Refund)
		return nil
	}
	if p.Exhausted() {
		if err := p.Delete(ctx); err != nil {
			return err
		}
	}
	rejected := account.CodeRejected{Purpose: p.Purpose, Last: p.Exhausted()}
	if p.UserID != "" {
		work.Emit(ctx, p.UserID, rejected)
	} else {
		work.EmitDecoy(ctx, rejected)
	}
	return incorrect
}

// Exhausted reports whether no attempt is left.
func (p *Pending) Exhausted() bool { return p.Attempts >= p.MaxAttempts }

func (p *Pending) count(ctx context.Context) error {
	work.Forget(ctx, challengeKey(p.ID))
	counted, err := p.codes.Store.CountAttempt(ctx, p.ID)
	if errors.Is(err, authn.ErrNotFound) {
		return work.ErrNotPending
	}
	if err != nil {
		return fmt.Errorf("count attempt: %w", err)
	}
	p.Challenge = counted
	return nil
}

func (p *Pending) refund(ctx context.Context) error {
	if work.Noted(ctx, consumedKey(p.ID)) {
		return nil
	}
	return p.codes.Store.RefundAttempt(ctx, p.ID)
}

// Consume deletes the challenge, see [Challenges.Consume].
func (p *Pending) Consume(ctx context.Context) error { return p.codes.Consume(ctx, p.Challenge) }

// Delete deletes the challenge, if it still exists.
func (p *Pending) Delete(ctx context.Context) error {
	if err := p.codes.Store.DeleteChallenge(ctx, p.ID); err != nil {
		return fmt.Errorf("delete challenge: %w", err)
	}
	return nil
}

// Resend replaces the pending code by a new one, which it sends. Returns
// work.ErrNotPending if no more codes may be requested.
func (p *Pending) Resend(ctx context.Context) error {
	if p.Resends >= p.kind.Resends {
		return work.ErrNotPending
	}
	if p.kind.Charge != nil {
		if err := p.kind.Charge(ctx, p.Subject); err != nil {
			return err
		}
	}
	drop := false
	if p.kind.Taken != nil {
		var err error
		if drop, err = p.kind.Taken(ctx, p.UserID, p.Subject); err != nil {
			return err
		}
	}
	again := *p.Challenge
	again.Resends++
	_, err := p.put(ctx, again, drop, nil)
	return err
}

// Recipient is the user who receives a code, and the contact.
type Recipient struct {
	// UserID is empty for a decoy, whose code is dropped.
	UserID string
	// Contact is an email address or phone number.
	Contact string
	// Instead sends another message, or none, in place of the code; then every code is
	// wrong. Nil: the code is sent.
	Instead func(ctx context.Context) error
}

// CanChange reports whether the code may be sent to another contact.
func (p *Pending) CanChange() bool { return p.Challenge == nil || p.Changes < p.kind.Changes }

// Send sends a code, which replaces the pending one if there is one, and returns the id
// of its challenge.
func (p *Pending) Send(ctx context.Context, to Recipient) (id string, err error) {
	c := authn.Challenge{Purpose: p.kind.Purpose, UserID: to.UserID, MaxAttempts: p.kind.MaxAttempts}
	if p.Challenge != nil {
		c = *p.Challenge
		c.Changes++
	}
	c.Subject = to.Contact
	return p.put(ctx, c, to.Instead != nil, to.Instead)
}

// put stores the challenge with a new code, and sends the code or calls instead. With
// drop, and for a decoy, every code is wrong.
func (p *Pending) put(ctx context.Context, c authn.Challenge, drop bool, instead func(ctx context.Context) error) (id string, err error) {
	secret := ""
	if c.UserID != "" && !drop {
		if secret, err = newCode(p.kind.Format, p.codes.Deps.Rand); err != nil {
			return "", err
		}
	}
	err = p.codes.Deps.InTx(ctx, func(ctx context.Context) error {
		stored := &c
		var err error
		if c.ID == "" {
			stored, err = p.codes.Issue(ctx, c, secret, p.kind.Timeout)
		} else {
			err = p.codes.Reissue(ctx, stored, secret)
		}
		if err != nil {
			return err
		}
		id = stored.ID
		user, err := p.kind.User(ctx, c.UserID)
		switch {
		case err != nil:
			return err
		case instead != nil: // the user was read as for a code
			return instead(ctx)
		}
		return p.deliver(ctx, stored, user, secret)
	})
	return id, err
}

// deliver mails or texts the code. If the code is empty, the message is dropped.
func (p *Pending) deliver(ctx context.Context, c *authn.Challenge, user *authn.User, secret string) error {
	left := c.ExpiresAt.Sub(p.codes.Deps.Now())
	post := p.codes.Deps.Post
	if secret == "" {
		post, secret = post.To(""), "XXXX-XXXX"
	}
	data := post.Origin(ctx, map[string]any{"Code": secret, "ExpiresIn": left})
	if p.kind.Text != "" {
		return post.Text(ctx, p.kind.Text, c.Subject, user, data, left)
	}
	return post.Mail(ctx, p.kind.Mail, c.Subject, user, data, left)
}
