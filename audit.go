package allauth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/trail"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/users"
)

var errAuditOff = errors.New("allauth: Config.Audit is nil; set it to keep events")

// auditDefaults returns the configuration with its defaults.
func auditDefaults(c *audit.Config) *audit.Config {
	if c == nil {
		return nil
	}
	filled := *c
	filled.Webhooks = slices.Clone(c.Webhooks)
	for i := range filled.Webhooks {
		hook := &filled.Webhooks[i]
		hook.Secrets, hook.Events = slices.Clone(hook.Secrets), slices.Clone(hook.Events)
	}
	filled.Retention = cmp.Or(filled.Retention, 365*24*time.Hour)
	return &filled
}

func validateAudit(c *audit.Config) error {
	if c == nil {
		return nil
	}
	if c.Retention < 0 {
		return errors.New("Audit.Retention is negative; leave it zero for 365 days")
	}
	return trail.ValidateWebhooks(c.Webhooks, func(name string) bool { return decoders[name] != nil })
}

// AuditEvents returns the events that the filter selects, the latest first, and the
// Filter.Cursor that continues the list, which is empty after the last event. An
// event that this version does not know has [audit.OtherDetails]. It returns
// [audit.ErrInvalidCursor] for a cursor of another origin, and an error if
// Config.Audit is nil.
func (a *Auth) AuditEvents(ctx context.Context, f audit.Filter) (events []authn.Event, next string, err error) {
	if a.trail == nil {
		return nil, "", errAuditOff
	}
	rows, next, err := a.trail.List(ctx, f)
	if err != nil {
		return nil, "", fmt.Errorf("allauth: %w", err)
	}
	events = make([]authn.Event, len(rows))
	for i, row := range rows {
		events[i] = eventOf(row)
	}
	return events, next, nil
}

func eventOf(row audit.Row) authn.Event {
	e := authn.Event{
		ID: row.ID, Name: row.Name, Time: row.Time.UTC(), UserID: row.UserID, ActorID: row.ActorID, SessionID: row.SessionID,
		Client: authn.Client{UserAgent: row.UserAgent},
	}
	e.Client.IP, _ = netip.ParseAddr(row.IP) // empty if unknown
	if decode, ok := decoders[row.Name]; ok {
		if details, err := decode(row.Details); err == nil {
			e.Details = details
			return e
		}
	}
	e.Details = audit.OtherDetails{Name: row.Name, JSON: row.Details}
	return e
}

// decoders decode the details of each event by its name.
var decoders = index(
	decoder[account.UserSignedUp], decoder[account.UserLoggedIn], decoder[account.UserLoggedOut], decoder[account.LoginFailed],
	decoder[account.PasswordSet], decoder[account.PasswordChanged], decoder[account.PasswordReset],
	decoder[password.BreachFound], decoder[password.LookupFailed],
	decoder[account.EmailAdded], decoder[account.EmailRemoved], decoder[account.EmailChanged], decoder[account.EmailConfirmed],
	decoder[account.PhoneChanged], decoder[account.PhoneVerified], decoder[account.CodeRejected], decoder[account.AddressReclaimed],
	decoder[mfa.AuthenticatorAdded], decoder[mfa.AuthenticatorRemoved], decoder[mfa.AuthenticatorReset], decoder[mfa.AuthenticatorUsed],
	decoder[mfa.AuthenticationFailed], decoder[mfa.KeyCloned], decoder[mfa.KeyBackupChanged],
	decoder[socialaccount.AccountConnected], decoder[socialaccount.AccountUpdated], decoder[socialaccount.AccountDisconnected], decoder[socialaccount.LoginFailed],
	decoder[sessions.ImpersonationStarted], decoder[sessions.ImpersonationEnded], decoder[sessions.NewDevice], decoder[sessions.LoginDisowned], decoder[token.Reused],
	decoder[users.Created], decoder[users.Updated], decoder[users.Disabled], decoder[users.Enabled], decoder[users.SessionsEnded],
	decoder[users.FactorsReset], decoder[users.Invited], decoder[users.InvitationAccepted], decoder[users.DeletionRequested],
	decoder[users.DeletionCancelled], decoder[users.Deleted], decoder[users.Exported],
)

type decode func(stored []byte) (authn.EventDetails, error)

func decoder[T authn.EventDetails]() (name string, f decode) {
	var zero T
	return zero.EventName(), func(stored []byte) (authn.EventDetails, error) {
		var details T
		err := json.Unmarshal(stored, &details)
		return details, err
	}
}

func index(list ...func() (string, decode)) map[string]decode {
	byName := map[string]decode{}
	for _, f := range list {
		name, decode := f()
		byName[name] = decode
	}
	return byName
}
