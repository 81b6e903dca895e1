package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/mfa/webauthn"
	"github.com/allauth-go/allauth/users"
)

// record is a line of an exported file.
type record struct {
	ID       string  `json:"id,omitempty"`
	Username string  `json:"username,omitempty"`
	Display  string  `json:"display,omitempty"`
	Emails   []email `json:"emails,omitempty"`
	Phone    *phone  `json:"phone,omitempty"`
	// PasswordHash has one of the formats of package account/password.
	PasswordHash   string                     `json:"password_hash,omitempty"`
	Disabled       bool                       `json:"disabled,omitempty"`
	Extra          map[string]json.RawMessage `json:"extra,omitempty"`
	Authenticators []authenticator            `json:"authenticators,omitempty"`
	// Invited and CreatedAt are for the reader: an import cannot store them.
	Invited   bool       `json:"invited,omitempty"`
	CreatedAt *time.Time `json:"created_at,omitempty"`
}

// authenticator is a second factor: exactly one of Secret, Codes and Key is set.
type authenticator struct {
	Secret     string               `json:"secret,omitempty"`
	Digits     int                  `json:"digits,omitempty"`
	Period     int                  `json:"period,omitempty"` // in seconds
	Codes      []mfa.RecoveryCode   `json:"codes,omitempty"`
	Key        *webauthn.Credential `json:"key,omitempty"`
	Name       string               `json:"name,omitempty"`
	SignCount  uint32               `json:"sign_count,omitempty"`
	CreatedAt  *time.Time           `json:"created_at,omitempty"`
	LastUsedAt *time.Time           `json:"last_used_at,omitempty"`
}

func (a authenticator) imported() mfa.Imported {
	in := mfa.Imported{Secret: a.Secret, Digits: a.Digits, Period: time.Duration(a.Period) * time.Second, Codes: a.Codes, Key: a.Key, Name: a.Name, SignCount: a.SignCount}
	if a.CreatedAt != nil {
		in.CreatedAt = *a.CreatedAt
	}
	if a.LastUsedAt != nil {
		in.LastUsedAt = *a.LastUsedAt
	}
	return in
}

// export writes all users to a file that did not exist, or to the standard output. If it
// fails there is no file.
func export(ctx context.Context, c *call) (err error) {
	out, path := c.out, c.arg(0)
	if path != "-" {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		written := false
		defer func() {
			if !written {
				_ = file.Close() // it is removed
				_ = os.Remove(path)
			}
		}()
		buffered := bufio.NewWriter(file)
		count, err := c.writeUsers(ctx, buffered)
		if err := errors.Join(err, buffered.Flush()); err != nil {
			return err
		}
		if err := errors.Join(file.Sync(), file.Close()); err != nil {
			return err
		}
		written = true
		c.printf("Wrote %d users.\n", count)
		return c.printJSON(map[string]int{"users": count})
	}
	buffered := bufio.NewWriter(out)
	_, err = c.writeUsers(ctx, buffered)
	return errors.Join(err, buffered.Flush())
}

// writeUsers writes a line for each user, and returns how many.
func (c *call) writeUsers(ctx context.Context, out io.Writer) (count int, err error) {
	encoder := json.NewEncoder(out)
	for filter := (users.Filter{Limit: users.MaxListed}); ; {
		page, err := c.auth.Users().List(ctx, filter)
		if err != nil {
			return count, err
		}
		for i := range page.Users {
			r, err := c.recordOf(ctx, &page.Users[i])
			if err != nil {
				return count, fmt.Errorf("user %s: %w", page.Users[i].ID, err)
			}
			if err := encoder.Encode(r); err != nil {
				return count, err
			}
			count++
		}
		if filter.Cursor = page.Next; page.Next == "" {
			return count, nil
		}
	}
}

func (c *call) recordOf(ctx context.Context, a *users.Account) (record, error) {
	r := record{
		ID: a.ID, Username: a.Username, Display: a.Display, Disabled: a.Disabled, Extra: a.Extra, Invited: a.Invited,
		Emails: emailsOf(a), Phone: phoneOf(a), CreatedAt: moment(a.CreatedAt),
	}
	if a.HasPassword {
		hash, err := c.store.PasswordHash(ctx, a.ID)
		if err != nil && !errors.Is(err, authn.ErrNotFound) { // it was removed meanwhile
			return r, err
		}
		r.PasswordHash = hash
	}
	list, err := c.auth.ExportAuthenticators(ctx, a.ID)
	if err != nil {
		return r, err
	}
	for _, in := range list {
		r.Authenticators = append(r.Authenticators, authenticator{
			Secret: in.Secret, Digits: in.Digits, Period: int(in.Period / time.Second), Codes: in.Codes, Key: in.Key, Name: in.Name, SignCount: in.SignCount,
			CreatedAt: moment(in.CreatedAt), LastUsedAt: moment(in.LastUsedAt),
		})
	}
	return r, nil
}

// Limits of an import.
const (
	// importBatch is how many users one transaction creates.
	importBatch = 200
	// maxLine is the length of a line in bytes.
	maxLine = 1 << 20
	// maxTries is how often a transaction that collides with another one is tried.
	maxTries = 10
)

// line is a line of the file.
type line struct {
	number int
	record
}

// outcome is what became of the lines.
type outcome struct {
	Created int `json:"created"`
	Existed int `json:"existed"`
	Failed  int `json:"failed"`
}

// importUsers creates the users of a file, a batch in each transaction.
func importUsers(ctx context.Context, c *call) error {
	in, path := c.in, c.arg(0)
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }() // it was only read
		in = file
	}
	var total outcome
	var batch []line
	store := func() error {
		done, err := c.storeBatch(ctx, batch)
		total.Created, total.Existed, total.Failed = total.Created+done.Created, total.Existed+done.Existed, total.Failed+done.Failed
		batch = nil
		return err
	}
	reader := bufio.NewReader(in)
	for number := 1; ; number++ {
		text, err := readLine(reader)
		ended := errors.Is(err, io.EOF)
		if err != nil && !ended && !errors.Is(err, errLongLine) {
			return err
		}
		if ended {
			err = nil
		}
		if l := (line{number: number}); err != nil || len(bytes.TrimSpace(text)) > 0 {
			if err == nil {
				l.record, err = parseRecord(text)
			}
			if err != nil {
				c.report(number, "nothing was imported: %s", printable(err.Error()))
				total.Failed++
			} else {
				batch = append(batch, l)
			}
		}
		if len(batch) == importBatch || ended {
			if err := store(); err != nil {
				return fmt.Errorf("after %d users: %w; the command can be repeated", total.Created, err)
			}
		}
		if ended {
			break
		}
	}
	verb := map[bool]string{true: "Would create", false: "Created"}[c.values.check]
	c.printf("%s %d users. %d exist already, %d lines failed.\n", verb, total.Created, total.Existed, total.Failed)
	if err := c.printJSON(total); err != nil {
		return err
	}
	if total.Failed > 0 {
		return errFound
	}
	return nil
}

var (
	errLongLine = fmt.Errorf("the line is longer than %d bytes", maxLine)
	errNotOne   = errors.New("the line is not one JSON object")
	errUnnamed  = errors.New("the line has no id, username, address or number, so the user would be created again when the command is repeated")
)

// readLine returns the next line, errLongLine in place of one that is too long, and io.EOF
// with the last one.
func readLine(reader *bufio.Reader) (text []byte, err error) {
	long := false
	for {
		part, err := reader.ReadSlice('\n')
		if long = long || len(text)+len(part) > maxLine; !long {
			text = append(text, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		case long:
			return nil, errLongLine // the next call returns io.EOF
		default:
			return text, err
		}
	}
}

// parseRecord returns the user of a line.
func parseRecord(text []byte) (r record, err error) {
	if text = bytes.TrimSpace(text); text[0] != '{' {
		return r, errNotOne
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return r, err
	}
	if decoder.InputOffset() != int64(len(text)) {
		return r, errNotOne
	}
	if r.ID == "" && r.Username == "" && len(r.Emails) == 0 && r.Phone == nil {
		return r, errUnnamed
	}
	return r, nil
}

// report reports on a line. The report is on the error output.
func (c *call) report(number int, format string, args ...any) {
	_, _ = fmt.Fprintf(c.errors, "line %d: %s\n", number, fmt.Sprintf(format, args...))
}

// errChecked rolls a batch back that was only checked.
var errChecked = errors.New("checked")

// storeBatch creates the users of a batch with their second factors, all or none. What it
// reports on lines is printed once the transaction has ended.
func (c *call) storeBatch(ctx context.Context, batch []line) (done outcome, err error) {
	for try := 1; len(batch) > 0; try++ {
		var reports []func()
		err := c.store.InTx(ctx, func(ctx context.Context) (err error) {
			done, reports, err = c.storeLines(c.acting(ctx), batch)
			if err == nil && c.values.check {
				return errChecked
			}
			return err
		})
		if errors.Is(err, authn.ErrCollision) && try < maxTries {
			continue
		}
		if err != nil && !errors.Is(err, errChecked) {
			return outcome{}, err
		}
		for _, report := range reports {
			report()
		}
		break
	}
	return done, nil
}

func (c *call) storeLines(ctx context.Context, batch []line) (done outcome, reports []func(), err error) {
	report := func(number int, format string, args ...any) {
		reports = append(reports, func() { c.report(number, format, args...) })
	}
	var fresh []line
	var list []users.Create
	for _, l := range batch {
		existing, err := c.existing(ctx, l.record)
		switch {
		case err != nil:
			return done, nil, err
		case existing != "":
			done.Existed++
			continue
		}
		fresh, list = append(fresh, l), append(list, l.create())
	}
	if len(list) == 0 {
		return done, reports, nil
	}
	results, err := c.auth.Users().CreateMany(ctx, list)
	if err != nil {
		return done, nil, err
	}
	for i, result := range results {
		number := fresh[i].number
		for _, s := range result.Skipped {
			report(number, "the user is imported without the %s %s: %s", s.Field, printable(s.Value), skippedBecause(s))
		}
		if result.Err != nil {
			report(number, "nothing was imported: %v", result.Err)
			done.Failed++
			continue
		}
		done.Created++
		if fresh[i].Invited {
			report(number, "the invitation of user %s is not imported; mail another one with allauth users invite", printable(result.ID))
		}
		for _, a := range fresh[i].Authenticators {
			_, err := c.auth.ImportAuthenticator(ctx, result.ID, a.imported())
			if errors.Is(err, authn.ErrCollision) || ctx.Err() != nil {
				return done, nil, err
			}
			if err == nil {
				continue
			}
			// If the database failed, so does the transaction. A user who has a second factor
			// must not log in without it.
			report(number, "user %s is imported disabled, as a second factor cannot be imported: %v", printable(result.ID), err)
			if err := c.auth.Users().Disable(ctx, result.ID); err != nil {
				return done, nil, err
			}
			done.Failed++
			break
		}
	}
	return done, reports, nil
}

// existing returns the id of the user whom a line describes, empty if there is none. It
// is the one with that id or, for a line without one, with the username, an address, or
// the number.
func (c *call) existing(ctx context.Context, r record) (string, error) {
	var found *users.Account
	try := func(look func(ctx context.Context, value string) (*users.Account, error), value string) (err error) {
		if value == "" || found != nil {
			return nil
		}
		found, err = look(ctx, value)
		if errors.Is(err, authn.ErrNotFound) {
			return nil
		}
		return err
	}
	directory := c.auth.Users()
	err := try(directory.ByID, r.ID)
	if r.ID == "" {
		err = try(directory.ByUsername, r.Username)
		for _, e := range r.Emails {
			err = errors.Join(err, try(directory.ByEmail, e.Address))
		}
		if r.Phone != nil {
			err = errors.Join(err, try(directory.ByPhone, r.Phone.Number))
		}
	}
	if err != nil || found == nil {
		return "", err
	}
	return found.ID, nil
}

func (r record) create() users.Create {
	in := users.Create{ID: r.ID, Username: r.Username, Display: r.Display, PasswordHash: r.PasswordHash, Disabled: r.Disabled, Extra: r.Extra}
	for _, e := range r.Emails {
		in.Emails = append(in.Emails, users.Email(e))
	}
	if r.Phone != nil {
		in.Phone = users.Phone(*r.Phone)
	}
	return in
}

// skippedBecause says why a value was not stored.
func skippedBecause(s users.Skipped) string {
	var problems authn.Errors
	switch {
	case errors.Is(s.Err, authn.ErrConflict):
		return "another user has it"
	case errors.As(s.Err, &problems):
		var codes []string
		for _, p := range problems {
			codes = append(codes, p.Code)
		}
		return "it is invalid (" + strings.Join(codes, ", ") + ")"
	}
	return s.Err.Error()
}
