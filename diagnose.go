package allauth

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/allauth-go/allauth/internal/traffic"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/ratelimit"
)

// Severity says how bad a [Finding] is.
type Severity string

// The severities, the worst first.
const (
	// SeverityError means that users are at risk, or that something does not work.
	SeverityError Severity = "error"
	// SeverityWarning means that something is likely to be wrong.
	SeverityWarning Severity = "warning"
	// SeverityInfo means that something is worth knowing. It may be intended.
	SeverityInfo Severity = "info"
)

// Finding is something that is wrong with an installation.
type Finding struct {
	Severity Severity `json:"severity"`
	// Field is the setting that it is about, like "Secrets[1]", or "store".
	Field string `json:"field"`
	// Problem says what is wrong, and Fix how to mend it, in a sentence each. Neither
	// holds a secret.
	Problem string `json:"problem"`
	Fix     string `json:"fix"`
}

// Diagnose examines the configuration, the store, the mail server and what recent
// requests have shown about proxies, and returns what is wrong, the worst first. It
// sends no mail. On a server whose BaseURL is of this machine, what only matters in
// production is information. It is safe for concurrent use, and takes some seconds if
// something does not answer.
func (a *Auth) Diagnose(ctx context.Context) []Finding {
	d := &diagnosis{cfg: &a.cfg}
	if base, err := url.Parse(a.cfg.BaseURL); err == nil { // New has checked it
		d.host, d.https = base.Hostname(), base.Scheme == "https"
	}
	d.urls()
	d.secrets()
	d.cookies()
	d.proxies(a.traffic)
	d.limits()
	d.mails(ctx)
	d.store(a.examine(ctx))
	rank := []Severity{SeverityError, SeverityWarning, SeverityInfo}
	slices.SortStableFunc(d.found, func(x, y Finding) int {
		return cmp.Compare(slices.Index(rank, x.Severity), slices.Index(rank, y.Severity))
	})
	return d.found
}

// diagnosis collects findings.
type diagnosis struct {
	cfg   *Config
	host  string // of BaseURL
	https bool
	found []Finding
}

func (d *diagnosis) add(s Severity, field, problem, fix string) {
	d.found = append(d.found, Finding{s, field, problem, fix})
}

// production adds a finding that is information on a machine for development.
func (d *diagnosis) production(s Severity, field, problem, fix string) {
	if isLoopback(d.host) {
		s = SeverityInfo
	}
	d.add(s, field, problem, fix)
}

func (d *diagnosis) urls() {
	switch {
	case isLoopback(d.host):
		d.add(SeverityInfo, "BaseURL", fmt.Sprintf("BaseURL %s is of this machine: links in mails open nowhere else.", d.cfg.BaseURL),
			"In production set the public URL of the server, like https://app.example.com.")
	case !d.https:
		d.add(SeverityError, "BaseURL", fmt.Sprintf("BaseURL %s is not encrypted: an attacker who can read the network traffic takes over sessions.", d.cfg.BaseURL),
			"Serve the site by https, for example by a proxy, and set BaseURL to its https URL.")
	}
}

// testWords are in secrets that were typed, and in random ones about never.
var testWords = [][]byte{[]byte("secret"), []byte("changeme"), []byte("password"), []byte("example"), []byte("0123456789"), []byte("abcdefgh"), []byte("testtest"), []byte("development")}

// fewBytes is fewer different bytes than a random secret has, even in hexadecimal digits.
const fewBytes = 10

const renewSecret = "Put the output of `openssl rand -hex 32`, or of `allauth keys new`, in front of the list, and keep the old secret behind it as long as docs/operations.md says: second factors are encrypted with it."

func (d *diagnosis) secrets() {
	for i, secret := range d.cfg.Secrets {
		field := fmt.Sprintf("Secrets[%d]", i)
		different, lower := map[byte]bool{}, bytes.ToLower(secret)
		for _, b := range secret {
			different[b] = true
		}
		if len(different) < fewBytes || slices.ContainsFunc(testWords, func(word []byte) bool { return bytes.Contains(lower, word) }) {
			d.production(SeverityError, field, "The secret looks typed and not random: an attacker who guesses it forges links and reads what is encrypted.", renewSecret)
		}
		if j := slices.IndexFunc(d.cfg.Secrets[:i], func(other []byte) bool { return bytes.Equal(other, secret) }); j >= 0 {
			d.add(SeverityWarning, field, fmt.Sprintf("The secret equals Secrets[%d], so a rotation has no effect.", j), "Remove one of them, and put a new random one in front.")
		}
	}
	if len(d.cfg.Secrets) == 1 {
		d.add(SeverityInfo, "Secrets", "There is one secret, which has never been rotated.", "To rotate, put a new one in front and keep this one behind it: what it has signed and encrypted stays valid.")
	}
}

func (d *diagnosis) cookies() {
	domain := strings.TrimPrefix(d.cfg.Sessions.CookieDomain, ".")
	switch {
	case domain == "":
	case !strings.Contains(domain, ".") && !isLoopback(domain):
		d.add(SeverityError, "Sessions.CookieDomain", fmt.Sprintf("Browsers refuse cookies of %q, which has one part.", domain), "Leave it empty, or use a domain like example.com.")
	default:
		d.add(SeverityInfo, "Sessions.CookieDomain", fmt.Sprintf("Every site below %s receives the session cookie, and can set one.", domain),
			"Leave it empty unless sites of several subdomains share the session, and trust all of them.")
	}
}

func (d *diagnosis) proxies(seen *traffic.Notes) {
	for i, prefix := range d.cfg.TrustedProxies {
		if prefix.Bits() == 0 {
			d.add(SeverityError, fmt.Sprintf("TrustedProxies[%d]", i), fmt.Sprintf("%v trusts every client to say which address it has, so that limits by address have no effect.", prefix),
				"List the addresses of your proxies only, like 10.0.0.0/8.")
		}
	}
	if d.cfg.ClientIP == nil {
		if seen.Most(traffic.Forwarded) {
			d.add(SeverityError, "TrustedProxies", fmt.Sprintf("Most requests come through a proxy at %s, which is not trusted: all clients share its address, and the limits of that address.", hostOf(seen.Peer())),
				"Add its address, or its network, to TrustedProxies.")
		}
		if seen.Most(traffic.Unforwarded) {
			d.add(SeverityWarning, "TrustedProxies", "Most requests come from a trusted proxy without X-Forwarded-For: all clients share its address, and the limits of that address.",
				"Let the proxy set X-Forwarded-For, or set ClientIP if it sends the address in another header.")
		}
	}
	if seen.Most(traffic.OtherHost) {
		d.add(SeverityWarning, "BaseURL", fmt.Sprintf("Most requests are for the host %q, while links and cookies are for %s.", seen.Host(), d.host),
			"Set BaseURL to the URL that users open, or let the proxy keep the Host header.")
	}
	if d.https && seen.Most(traffic.Plain) {
		d.add(SeverityError, "BaseURL", "The proxy says that most requests come by http, in which browsers send no secure cookies.", "Let the proxy redirect http to https.")
	}
	if !d.https && seen.Most(traffic.Encrypted) {
		d.add(SeverityError, "BaseURL", "The proxy says that most requests come by https, but cookies are not marked as secure.", "Begin BaseURL with https://.")
	}
}

// hostOf returns the address of a peer without its port.
func hostOf(peer string) string {
	if host, _, err := net.SplitHostPort(peer); err == nil {
		return host
	}
	if _, err := netip.ParseAddr(peer); err == nil {
		return peer
	}
	return "a unix socket (see TrustUnixSockets)"
}

func (d *diagnosis) limits() {
	if d.cfg.DisableRateLimits {
		d.production(SeverityError, "DisableRateLimits", "There are no rate limits: passwords and codes can be guessed as fast as the server answers.", "Remove DisableRateLimits, which is for tests.")
	}
	for _, action := range slices.Sorted(maps.Keys(d.cfg.RateLimits)) {
		if d.cfg.RateLimits[action] == "" && !d.cfg.DisableRateLimits {
			d.production(SeverityWarning, fmt.Sprintf("RateLimits[%q]", action), "The action has no limit.", "Give it a high rate in place of an empty text.")
		}
	}
}

// checker is a mailer that can examine its connection without sending a mail.
type checker interface {
	Check(ctx context.Context) error
}

func (d *diagnosis) mails(ctx context.Context) {
	switch m := d.cfg.Mailer.(type) {
	case *notify.Log:
		d.production(SeverityError, "Mailer", "Mails are written to a log and not sent.", "Set Mailer to a &notify.SMTP{...} or a mailer of your own.")
	case checker:
		h := d.cfg.host().Hook("Mailer")
		if err := h.Do(ctx, m.Check); err != nil {
			d.add(SeverityError, "Mailer", fmt.Sprintf("The mail server cannot be used: %v.", err), "Check its address, encryption and password, and whether a firewall lets the server connect.")
		}
	}
}

// Limits of Diagnose.
const (
	lateMessages = 10 * time.Minute
	lateEvents   = time.Hour
	maxSkew      = ratelimit.ClockSkew
)

func (d *diagnosis) store(h Health, x examination, err error) {
	status := x.status
	switch {
	case err != nil:
		d.add(SeverityError, "store", fmt.Sprintf("The store does not answer: %v.", err), "Check whether the database runs, its address and password, and whether the pool of connections is large enough.")
		return
	case status.PendingMigrations > 0:
		d.add(SeverityError, "store", fmt.Sprintf("%d migrations have not run.", status.PendingMigrations), "Call Migrate of the store before New, or run `allauth migrate`.")
	}
	if status.Volatile {
		d.production(SeverityError, "store", "The store is in memory: users and sessions are lost when the process ends.", "Use storage/sqlstore.")
	}
	if !status.Clock.IsZero() {
		ahead := status.Clock.Sub(x.after)
		if behind := x.before.Sub(status.Clock); behind > ahead {
			ahead = -behind
		}
		if ahead.Abs() > maxSkew {
			d.add(SeverityWarning, "store", fmt.Sprintf("The clocks of the database and of this server differ by %v: at least one is wrong, and codes, sessions and limits of servers do not fit together.", ahead.Abs().Round(time.Second)),
				"Set the clocks of all machines by NTP.")
		}
	}
	if h.OldestMessage > lateMessages {
		d.add(SeverityError, "Mailer", fmt.Sprintf("A message has waited for %v, and %d messages wait.", h.OldestMessage.Round(time.Minute), h.Messages), "The log says why they are not delivered; look for \"delivery failed\".")
	}
	if h.OldestEvent > lateEvents {
		d.add(SeverityWarning, "Audit.Webhooks", fmt.Sprintf("An event has waited for %v, and %d events wait.", h.OldestEvent.Round(time.Minute), h.Events), "The log says why they are not delivered; look for \"delivery failed\". Events are dropped after three days.")
	}
	if d.cfg.CleanInterval < 0 {
		d.add(SeverityInfo, "CleanInterval", "Expired rows are not deleted in the background.", "Call Auth.Clean, or run `allauth clean`, about once an hour.")
	}
}
