package breach

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha1" // the public lists have hashes of this kind
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/allauth-go/allauth/account/password"
)

const (
	// defaultURL is the public service.
	defaultURL = "https://api.pwnedpasswords.com/range/"
	// defaultTimeout is the default of Timeout.
	defaultTimeout = time.Second
	// maxAnswer is how much of an answer is read, in bytes: more than twenty times a padded
	// one.
	maxAnswer = 1 << 20
)

// Range asks a server that has the interface of Pwned Passwords. It sends the first
// five of the forty digits of the hash of a password, which it shares with about a
// thousand breached ones, and asks for padding, so that the size of the response
// does not tell which. It implements [password.BreachList], and is safe for
// concurrent use.
type Range struct {
	// URL is the address to which the digits are appended. Empty: that of the
	// public service.
	URL string
	// Client sends the requests. It does not follow redirects. Nil: a client with
	// the default transport.
	Client *http.Client
	// Timeout bounds a request. The library waits two seconds for a lookup, so
	// leave time for Fallback. Zero: 1 second.
	Timeout time.Duration
	// Fallback is asked if the server does not answer. Nil: the lookup fails, and
	// the library accepts the password for the time being, see
	// password.Policy.BreachList.
	Fallback password.BreachList
}

var _ password.BreachList = (*Range)(nil)

// Validate returns an error that names the field that is wrong, and the fix, or
// that of Fallback.
func (r *Range) Validate() error {
	u, err := url.Parse(cmp.Or(r.URL, defaultURL))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("breach: Range.URL is not an absolute URL: write it like https://api.pwnedpasswords.com/range/")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return errors.New("breach: Range.URL is not encrypted: use https, because the digits tell something about passwords")
	case r.Timeout < 0:
		return errors.New("breach: Range.Timeout is negative: leave it zero for one second")
	case r.Fallback != nil:
		return r.Fallback.Validate()
	}
	return nil
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// Contains reports whether the server, or else Fallback, has the password. It
// returns an error if neither answers.
func (r *Range) Contains(ctx context.Context, password string) (bool, error) {
	sum := sha1.Sum([]byte(password))
	digits := strings.ToUpper(hex.EncodeToString(sum[:]))
	found, err := r.ask(ctx, digits[:5], digits[5:])
	if err != nil && r.Fallback != nil {
		return r.Fallback.Contains(ctx, password)
	}
	return found, err
}

// ask reports whether the range of the prefix has the suffix.
func (r *Range) ask(ctx context.Context, prefix, suffix string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(r.Timeout, defaultTimeout))
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, cmp.Or(r.URL, defaultURL)+prefix, nil)
	if err != nil {
		return false, errors.New("breach: Range.URL is invalid")
	}
	request.Header.Set("Add-Padding", "true")
	request.Header.Set("User-Agent", "allauth-go")
	response, err := r.client().Do(request)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) { // its text has the digits
			err = failed.Err
		}
		return false, fmt.Errorf("breach: the range was not read: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	if response.StatusCode != http.StatusOK {
		return false, fmt.Errorf("breach: the server of ranges answers with status %d", response.StatusCode)
	}
	body := &io.LimitedReader{R: response.Body, N: maxAnswer}
	found, valid := false, false
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		entry, count, ok := strings.Cut(strings.TrimSpace(lines.Text()), ":")
		if !ok || len(entry) != suffixLength {
			return false, errors.New("breach: the answer is no range")
		}
		valid = true
		found = found || strings.EqualFold(entry, suffix) && strings.Trim(count, "0") != ""
	}
	switch {
	case lines.Err() != nil:
		return false, fmt.Errorf("breach: the range was not read: %w", lines.Err())
	case !valid || body.N == 0:
		return false, errors.New("breach: the answer is no range")
	}
	return found, nil
}

// client returns the configured client without redirects.
func (r *Range) client() *http.Client {
	client := http.Client{}
	if r.Client != nil {
		client = *r.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}
