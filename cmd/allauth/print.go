package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/users"
)

// printf prints what the command has done, or what it has found, unless the output is
// JSON.
func (c *call) printf(format string, args ...any) {
	if !c.json {
		_, _ = fmt.Fprintf(c.out, format, args...)
	}
}

// printJSON prints v on a line, if the output is JSON.
func (c *call) printJSON(v any) error {
	if !c.json {
		return nil
	}
	return json.NewEncoder(c.out).Encode(v)
}

// explain returns what an error of the library means to an operator.
func explain(err error) string {
	switch {
	case errors.Is(err, users.ErrUnsupported):
		return "the command cannot do this here: " + err.Error()
	case errors.Is(err, authn.ErrNotFound):
		return "there is no such user, address or session"
	case errors.Is(err, authn.ErrConflict):
		return "the state of the account, or another user, forbids it: " + err.Error()
	case errors.Is(err, ratelimit.ErrLimited):
		return "the address got too many mails lately; try again later"
	}
	return err.Error()
}

// printable returns a text of a user without control characters, which a terminal would
// obey.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, text)
}

// name returns how messages name a user.
func name(a *users.Account) string {
	for _, e := range a.Emails {
		if e.Primary {
			return printable(fmt.Sprintf("%s (%s)", a.ID, e.Address))
		}
	}
	if a.Username != "" {
		return printable(fmt.Sprintf("%s (%s)", a.ID, a.Username))
	}
	return printable(a.ID)
}

// person is a user as JSON.
type person struct {
	ID          string                     `json:"id"`
	Username    string                     `json:"username,omitempty"`
	Display     string                     `json:"display,omitempty"`
	Emails      []email                    `json:"emails,omitempty"`
	Phone       *phone                     `json:"phone,omitempty"`
	Disabled    bool                       `json:"disabled,omitempty"`
	HasPassword bool                       `json:"has_password"`
	Invited     bool                       `json:"invited,omitempty"`
	CreatedAt   *time.Time                 `json:"created_at,omitempty"`
	Extra       map[string]json.RawMessage `json:"extra,omitempty"`
}

type email struct {
	Address  string `json:"address"`
	Verified bool   `json:"verified,omitempty"`
	Primary  bool   `json:"primary,omitempty"`
}

type phone struct {
	Number   string `json:"number"`
	Verified bool   `json:"verified,omitempty"`
}

func personOf(a *users.Account) person {
	p := person{
		ID: a.ID, Username: a.Username, Display: a.Display, Disabled: a.Disabled, HasPassword: a.HasPassword, Invited: a.Invited, Extra: a.Extra,
		Emails: emailsOf(a), Phone: phoneOf(a), CreatedAt: moment(a.CreatedAt),
	}
	return p
}

func emailsOf(a *users.Account) (list []email) {
	for _, e := range a.Emails {
		list = append(list, email(e))
	}
	return list
}

func phoneOf(a *users.Account) *phone {
	if a.Phone.Number == "" {
		return nil
	}
	p := phone(a.Phone)
	return &p
}

// moment returns nil for the zero time.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// write writes a text for people.
func (p person) write(w io.Writer) {
	line := func(label, text string) {
		if text != "" {
			_, _ = fmt.Fprintf(w, "%-10s %s\n", label, printable(text))
		}
	}
	line("id", p.ID)
	line("state", p.state())
	line("username", p.Username)
	line("display", p.Display)
	for _, e := range p.Emails {
		line("email", e.Address+notes(map[bool]string{true: "verified", false: "unverified"}[e.Verified], map[bool]string{true: "primary"}[e.Primary]))
	}
	if p.Phone != nil {
		line("phone", p.Phone.Number+notes(map[bool]string{true: "verified", false: "unverified"}[p.Phone.Verified]))
	}
	line("password", map[bool]string{true: "yes", false: "no"}[p.HasPassword])
	if p.CreatedAt != nil {
		line("created", p.CreatedAt.Format(time.RFC3339))
	}
	for key, value := range p.Extra {
		line("extra", key+" = "+string(value))
	}
}

// state says in a word whether the user can log in.
func (p person) state() string {
	switch {
	case p.Disabled:
		return "disabled"
	case p.Invited:
		return "invited"
	}
	return "enabled"
}

func notes(words ...string) string {
	text := ""
	for _, word := range words {
		if word != "" {
			text += ", " + word
		}
	}
	return text
}
