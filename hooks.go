package allauth

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/hook"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// guardHooks replaces every function of the host by a hook.Hook that calls it.
func (c *Config) guardHooks() error {
	c.Logger = hook.Logger(c.Logger)
	host := c.host()
	c.Account.SignupForm = guardResult(host, "Account.SignupForm", c.Account.SignupForm, passwordsIn)
	c.Account.BeforeSignup = guardNewUser(host, c.Account.BeforeSignup)
	c.Users.BeforeDelete = guard(host, "Users.BeforeDelete", c.Users.BeforeDelete, nil)
	c.Account.ValidateUsername = guard(host, "Account.ValidateUsername", c.Account.ValidateUsername, nil)
	c.guardPasswords(host)
	if c.Account.Phone != nil {
		c.Account.Phone.Validate = guard(host, "Account.Phone.Validate", c.Account.Phone.Validate, nil)
		if f := c.Account.Phone.Normalize; f != nil {
			h := host.Hook("Account.Phone.Normalize")
			c.Account.Phone.Normalize = func(ctx context.Context, input string) (string, bool) {
				number := must(result(ctx, h, func(ctx context.Context) (string, error) {
					number, ok := f(ctx, input)
					if !ok {
						return "", nil
					}
					return number, nil
				}))
				return number, number != ""
			}
		}
	}
	if f := c.Account.IsOpenForSignup; f != nil {
		h := host.Hook("Account.IsOpenForSignup")
		c.Account.IsOpenForSignup = func(ctx context.Context) bool {
			return must(result(ctx, h, func(ctx context.Context) (bool, error) { return f(ctx), nil }))
		}
	}
	if f := c.BeforeLogin; f != nil {
		h := host.Hook("BeforeLogin")
		c.BeforeLogin = func(ctx context.Context, u *authn.User, methods []authn.Method) error {
			return h.Do(ctx, func(ctx context.Context) error { return f(ctx, u, slices.Clone(methods)) })
		}
	}
	if c.MFA != nil {
		c.MFA.RequiredFor = guardResult(host, "MFA.RequiredFor", c.MFA.RequiredFor, nil)
		c.MFA.WebAuthnUserHandle = guardResult(host, "MFA.WebAuthnUserHandle", c.MFA.WebAuthnUserHandle, nil)
	}
	if f := c.MayImpersonate; f != nil {
		h := host.Hook("MayImpersonate")
		c.MayImpersonate = func(ctx context.Context, actor, target *authn.User, reason string) error {
			return h.Do(ctx, func(ctx context.Context) error { return f(ctx, actor, target, reason) })
		}
	}
	if f := c.Headless.UserPayload; f != nil {
		h := host.Hook("Headless.UserPayload")
		c.Headless.UserPayload = func(ctx context.Context, u *authn.User, payload map[string]any) {
			given := maps.Clone(payload)
			changed := must(result(ctx, h, func(ctx context.Context) (map[string]any, error) {
				f(ctx, u, given)
				return encoded(given)
			}))
			clear(payload)
			maps.Copy(payload, changed)
		}
	}
	if f := c.ClientIP; f != nil {
		h := host.Hook("ClientIP")
		c.ClientIP = func(r *http.Request) netip.Addr {
			return must(result(r.Context(), h, func(context.Context) (netip.Addr, error) { return f(r), nil }))
		}
	}
	if f := c.OnEvent; f != nil {
		h := host.Hook("OnEvent")
		c.OnEvent = func(ctx context.Context, e authn.Event) {
			// The hook logs the error. The event has happened all the same.
			_ = h.Do(ctx, func(ctx context.Context) error { f(ctx, e); return nil })
		}
	}
	if c.Tokens != nil && c.Tokens.Claims != nil {
		f := c.Tokens.Claims
		c.Tokens.Claims = guardResult(host, "Tokens.Claims", func(ctx context.Context, u *authn.User) (map[string]any, error) {
			claims, err := f(ctx, u)
			if err != nil {
				return nil, err
			}
			return encoded(claims)
		}, nil)
	}
	return c.guardProviders(host)
}

// lookupTimeout bounds a lookup in a list of breached passwords.
const lookupTimeout = 2 * time.Second

// guardedList is a list of breached passwords that a hook asks.
type guardedList struct {
	password.BreachList
	hook   *hook.Hook
	logger *slog.Logger
}

// Contains implements password.BreachList. It logs errors.
func (l guardedList) Contains(ctx context.Context, secret string) (bool, error) {
	found, err := result(ctx, l.hook, func(ctx context.Context) (bool, error) { return l.BreachList.Contains(ctx, secret) }, secret)
	if err != nil {
		l.logger.WarnContext(ctx, "a password was not looked up", "error", hook.Redact(err.Error(), secret))
	}
	return found, err
}

// guardPasswords is guardHooks for the section Account.Password.
func (c *Config) guardPasswords(host *hook.Host) {
	policy := &c.Account.Password
	if isNil(policy.BreachList) {
		policy.BreachList = nil
	} else {
		quick := &hook.Host{Logger: c.Logger, Timeout: min(c.HookTimeout, lookupTimeout)}
		policy.BreachList = guardedList{policy.BreachList, quick.Hook("Account.Password.BreachList"), c.Logger}
	}
	if f := policy.Check; f != nil {
		h := host.Hook("Account.Password.Check")
		policy.Check = func(ctx context.Context, secret string, u *authn.User) error {
			return h.Do(ctx, func(ctx context.Context) error { return f(ctx, secret, u) }, secret)
		}
	}
}

// guardProviders is guardHooks for the section SocialAccount.
func (c *Config) guardProviders(host *hook.Host) (err error) {
	social := c.SocialAccount
	if social == nil {
		return nil
	}
	if f := social.PopulateUser; f != nil {
		h := host.Hook("SocialAccount.PopulateUser")
		social.PopulateUser = func(ctx context.Context, u *authn.NewUser, providerID string, id *provider.Identity) error {
			return onCopy(ctx, h, u, func(ctx context.Context, u *authn.NewUser) error { return f(ctx, u, providerID, id) })
		}
	}
	if f := social.ExtraData; f != nil {
		h := host.Hook("SocialAccount.ExtraData")
		social.ExtraData = func(ctx context.Context, providerID string, profile map[string]any) map[string]any {
			return must(result(ctx, h, func(ctx context.Context) (map[string]any, error) {
				return encoded(f(ctx, providerID, maps.Clone(profile)))
			}))
		}
	}
	if f := social.AuthenticateByEmail; f != nil {
		h := host.Hook("SocialAccount.AuthenticateByEmail")
		social.AuthenticateByEmail = func(ctx context.Context, userID, email, providerID string, id *provider.Identity) (bool, error) {
			return result(ctx, h, func(ctx context.Context) (bool, error) { return f(ctx, userID, email, providerID, id) })
		}
	}
	if f := social.BeforeLogin; f != nil {
		h := host.Hook("SocialAccount.BeforeLogin")
		social.BeforeLogin = func(ctx context.Context, userID, providerID string, id *provider.Identity) error {
			return h.Do(ctx, func(ctx context.Context) error { return f(ctx, userID, providerID, id) })
		}
	}
	social.Custom = slices.Clone(social.Custom)
	for i, p := range social.Custom {
		if social.Custom[i], err = guardProvider(host, p); err != nil {
			return fmt.Errorf("SocialAccount.Custom[%d]: %w", i, err)
		}
	}
	return nil
}

func (c *Config) host() *hook.Host { return &hook.Host{Logger: c.Logger, Timeout: c.HookTimeout} }

// guard returns f called by a hook. secrets returns the parts of the argument
// that must not be logged.
func guard[A any](host *hook.Host, name string, f func(context.Context, A) error, secrets func(A) []string) func(context.Context, A) error {
	if f == nil {
		return nil
	}
	g := guardResult(host, name, func(ctx context.Context, a A) (struct{}, error) { return struct{}{}, f(ctx, a) }, secrets)
	return func(ctx context.Context, a A) error {
		_, err := g(ctx, a)
		return err
	}
}

// guardResult is guard for a function with a result.
func guardResult[A, R any](host *hook.Host, name string, f func(context.Context, A) (R, error), secrets func(A) []string) func(context.Context, A) (R, error) {
	if f == nil {
		return nil
	}
	h := host.Hook(name)
	return func(ctx context.Context, a A) (R, error) {
		var hidden []string
		if secrets != nil {
			hidden = secrets(a)
		}
		return result(ctx, h, func(ctx context.Context) (R, error) { return f(ctx, a) }, hidden...)
	}
}

func guardNewUser(host *hook.Host, f func(context.Context, *authn.NewUser) error) func(context.Context, *authn.NewUser) error {
	if f == nil {
		return nil
	}
	h := host.Hook("Account.BeforeSignup")
	return func(ctx context.Context, u *authn.NewUser) error { return onCopy(ctx, h, u, f) }
}

// onCopy calls f with a copy of the user, which replaces the user if the hook
// returns in time.
func onCopy(ctx context.Context, h *hook.Hook, u *authn.NewUser, f func(context.Context, *authn.NewUser) error) error {
	changed := *u
	changed.Extra = maps.Clone(u.Extra)
	err := h.Do(ctx, func(ctx context.Context) error { return f(ctx, &changed) })
	if err == nil {
		*u = changed
	}
	return err
}

// result returns the result of a hook. After a failure f may still be running, so
// its result is not read.
func result[R any](ctx context.Context, h *hook.Hook, f func(context.Context) (R, error), secrets ...string) (R, error) {
	var value, none R
	err := h.Do(ctx, func(ctx context.Context) (err error) {
		value, err = f(ctx)
		return err
	}, secrets...)
	if err != nil {
		return none, err
	}
	return value, nil
}

// must returns the value. It panics with err for hooks that have no error result;
// the handler answers the panic like the error.
func must[R any](value R, err error) R {
	if err != nil {
		panic(hook.Failure{Err: err})
	}
	return value
}

// encoded encodes the members as JSON within the hook, as MarshalJSON of the
// host's types may panic, too.
func encoded(members map[string]any) (map[string]any, error) {
	texts := make(map[string]any, len(members))
	for name, value := range members {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("encode %q: %w", name, err)
		}
		texts[name] = json.RawMessage(text)
	}
	return texts, nil
}

// passwordsIn returns the passwords among the members of a form.
func passwordsIn(input map[string]json.RawMessage) []string {
	var found []string
	for name, raw := range input {
		var text string
		if strings.Contains(name, "password") && json.Unmarshal(raw, &text) == nil {
			found = append(found, text)
		}
	}
	return found
}
