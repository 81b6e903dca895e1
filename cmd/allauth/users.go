package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"github.com/allauth-go/allauth/users"
)

// who explains the argument USER.
const who = "USER is the ID of a user, an email address, a phone number that begins with a plus sign, or username:NAME. id:ID is an ID with one of these signs."

// find returns the user whom an argument names.
func (c *call) find(ctx context.Context, text string) (*users.Account, error) {
	directory := c.auth.Users()
	if id, found := strings.CutPrefix(text, "id:"); found {
		return directory.ByID(ctx, id)
	}
	if username, found := strings.CutPrefix(text, "username:"); found {
		return directory.ByUsername(ctx, username)
	}
	switch {
	case strings.Contains(text, "@"):
		return directory.ByEmail(ctx, text)
	case strings.HasPrefix(text, "+"):
		return directory.ByPhone(ctx, text)
	}
	return directory.ByID(ctx, text)
}

// changes runs a command that changes the user of the first argument, and prints what it
// has done: a sentence with the user and the second argument.
func changes(done string, change func(ctx context.Context, c *call, userID string) error) func(ctx context.Context, c *call) error {
	return func(ctx context.Context, c *call) error {
		found, err := c.find(ctx, c.arg(0))
		if err != nil {
			return err
		}
		if err := change(c.acting(ctx), c, found.ID); err != nil {
			return err
		}
		c.printf("%s\n", strings.NewReplacer("{user}", name(found), "{2}", printable(c.arg(1))).Replace(done))
		return c.printResult(ctx, found.ID)
	}
}

// printResult prints a user as JSON after a change.
func (c *call) printResult(ctx context.Context, userID string) error {
	if !c.json {
		return nil
	}
	found, err := c.auth.Users().ByID(ctx, userID)
	if err != nil {
		return err
	}
	return c.printJSON(personOf(found))
}

func listFlags(c *call, f *flag.FlagSet) {
	f.IntVar(&c.values.limit, "limit", 100, "print this many users at most; 0 prints all")
	f.BoolVar(&c.values.disabled, "disabled", false, "only users who are disabled")
	f.BoolVar(&c.values.enabled, "enabled", false, "only users who are not disabled")
}

func listUsers(ctx context.Context, c *call) error {
	filter := users.Filter{Prefix: c.arg(0), Limit: users.MaxListed}
	if c.values.limit > 0 {
		filter.Limit = min(filter.Limit, c.values.limit)
	}
	switch {
	case c.values.disabled && c.values.enabled:
		return errors.New("-disabled and -enabled exclude each other")
	case c.values.disabled, c.values.enabled:
		filter.Disabled = &c.values.disabled
	}
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	if !c.json {
		_, _ = fmt.Fprintln(table, "ID\tSTATE\tCREATED\tUSERNAME\tPRIMARY ADDRESS\tPHONE")
	}
	printed := 0
	for {
		page, err := c.auth.Users().List(ctx, filter)
		if err != nil {
			return err
		}
		for i := range page.Users {
			if c.values.limit > 0 && printed == c.values.limit {
				break
			}
			printed++
			p := personOf(&page.Users[i])
			if err := c.printJSON(p); err != nil {
				return err
			}
			if !c.json {
				_, _ = fmt.Fprintln(table, p.row())
			}
		}
		if err := table.Flush(); err != nil {
			return err
		}
		filter.Cursor = page.Next
		if page.Next == "" {
			return nil
		}
		if c.values.limit > 0 && printed >= c.values.limit {
			_, _ = fmt.Fprintln(c.errors, "There are more users: raise -limit, or give a prefix.")
			return nil
		}
	}
}

// row returns the user as a line of a table.
func (p person) row() string {
	primary, number, created := "", "", ""
	for _, e := range p.Emails {
		if e.Primary {
			primary = e.Address
			if !e.Verified {
				primary += " (unverified)"
			}
		}
	}
	if p.Phone != nil {
		number = p.Phone.Number
	}
	if p.CreatedAt != nil {
		created = p.CreatedAt.Format(time.DateOnly)
	}
	cells := []string{p.ID, p.state(), created, p.Username, primary, number}
	for i, cell := range cells {
		if cells[i] = printable(cell); cells[i] == "" {
			cells[i] = "-"
		}
	}
	return strings.Join(cells, "\t")
}

func showUser(ctx context.Context, c *call) error {
	found, err := c.find(ctx, c.arg(0))
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(personOf(found))
	}
	personOf(found).write(c.out)
	return c.writeSessions(ctx, found.ID)
}

func createFlags(c *call, f *flag.FlagSet) {
	f.StringVar(&c.values.id, "id", "", "the `ID` of the user; the default is a new one")
	f.StringVar(&c.values.username, "username", "", "the username")
	f.StringVar(&c.values.display, "display", "", "the `name` that is shown")
	f.Var(&c.values.emails, "email", "an email `address`; can be repeated, the first one is the primary one")
	f.StringVar(&c.values.phone, "phone", "", "the phone `number`")
	f.BoolVar(&c.values.verified, "verified", false, "the user owns the addresses and the number")
	f.BoolVar(&c.values.invite, "invite", false, "mail an invitation, with which the user chooses a password")
	f.BoolVar(&c.values.disabled, "disabled", false, "the user cannot log in")
}

func createUser(ctx context.Context, c *call) error {
	in := users.Create{
		ID: c.values.id, Username: c.values.username, Display: c.values.display, Phone: users.Phone{Number: c.values.phone, Verified: c.values.verified},
		Disabled: c.values.disabled, Invite: c.values.invite,
	}
	for _, address := range c.values.emails {
		in.Emails = append(in.Emails, users.Email{Address: address, Verified: c.values.verified})
	}
	result, err := c.auth.Users().Create(c.acting(ctx), in)
	if err != nil {
		return err
	}
	for _, s := range result.Skipped {
		_, _ = fmt.Fprintf(c.errors, "The user was created without the %s %s: %s\n", s.Field, printable(s.Value), skippedBecause(s))
	}
	found, err := c.auth.Users().ByID(ctx, result.ID)
	if err != nil {
		return err
	}
	c.printf("Created user %s.\n", name(found))
	return c.printJSON(personOf(found))
}

func invite(ctx context.Context, c *call, userID string) error {
	return c.auth.Users().Invite(ctx, userID, c.arg(1))
}

func setPassword(ctx context.Context, c *call, userID string) error {
	password, err := c.readPassword()
	if err != nil {
		return err
	}
	return c.auth.Users().SetPassword(ctx, userID, password)
}

// readPassword asks for a password twice, or reads the first line of the input if that is
// not a terminal.
func (c *call) readPassword() (string, error) {
	if file, ok := c.in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		_, _ = fmt.Fprint(c.errors, "New password: ")
		first, err := term.ReadPassword(int(file.Fd()))
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprint(c.errors, "\nOnce more: ")
		again, err := term.ReadPassword(int(file.Fd()))
		_, _ = fmt.Fprintln(c.errors)
		switch {
		case err != nil:
			return "", err
		case string(first) != string(again):
			return "", errors.New("the two passwords differ")
		case len(first) == 0:
			return "", errEmptyPassword
		}
		return string(first), nil
	}
	line, err := bufio.NewReader(c.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errEmptyPassword
	}
	return line, nil
}

var errEmptyPassword = errors.New("the password is empty; type it, or write it to the standard input")

func yesFlag(c *call, f *flag.FlagSet) {
	f.BoolVar(&c.values.yes, "yes", false, "do not ask")
}

func deleteUser(ctx context.Context, c *call) error {
	found, err := c.find(ctx, c.arg(0))
	if err != nil {
		return err
	}
	if !c.values.yes {
		file, ok := c.in.(*os.File)
		if !ok || !term.IsTerminal(int(file.Fd())) {
			return errors.New("a deletion cannot be undone; confirm it with -yes")
		}
		_, _ = fmt.Fprintf(c.errors, "Delete user %s? This cannot be undone. Type yes: ", name(found))
		if answer, err := bufio.NewReader(c.in).ReadString('\n'); err != nil || strings.TrimSpace(answer) != "yes" {
			return errors.New("nothing was deleted")
		}
	}
	if err := c.auth.Users().Delete(c.acting(ctx), found.ID); err != nil {
		return err
	}
	c.printf("Deleted user %s.\n", name(found))
	return c.printJSON(personOf(found))
}

func listSessions(ctx context.Context, c *call) error {
	found, err := c.find(ctx, c.arg(0))
	if err != nil {
		return err
	}
	if !c.json {
		return c.writeSessions(ctx, found.ID)
	}
	list, err := c.auth.Users().Sessions(ctx, found.ID)
	if err != nil {
		return err
	}
	for _, s := range list {
		if err := c.printJSON(sessionOf(s)); err != nil {
			return err
		}
	}
	return nil
}

// session is a session as JSON.
type session struct {
	ID         string    `json:"id"`
	Kind       string    `json:"kind"`
	IP         string    `json:"ip,omitempty"`
	UserAgent  string    `json:"user_agent,omitempty"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

func sessionOf(s users.Session) session { return session(s) }

// writeSessions prints the sessions of a user for people.
func (c *call) writeSessions(ctx context.Context, userID string) error {
	list, err := c.auth.Users().Sessions(ctx, userID)
	if err != nil {
		return err
	}
	for _, s := range list {
		c.printf("session    %s, %s, since %s, from %s, %s\n", printable(s.ID), s.Kind, s.CreatedAt.Format(time.RFC3339), s.IP, printable(s.UserAgent))
	}
	return nil
}

func endSessions(ctx context.Context, c *call, userID string) error {
	if id := c.arg(1); id != "" {
		return c.auth.Users().EndSession(ctx, userID, id)
	}
	return c.auth.Users().EndSessions(ctx, userID)
}
