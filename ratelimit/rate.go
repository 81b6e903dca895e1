package ratelimit

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Scope is what attempts are counted by.
type Scope string

const (
	// ScopeIP counts by the client's address; for IPv6 by its /64.
	ScopeIP Scope = "ip"
	// ScopeUser counts by the logged-in user.
	ScopeUser Scope = "user"
	// ScopeKey counts by what the action is about, such as an email address.
	ScopeKey Scope = "key"
)

// Rate allows Amount attempts in any period of length Per.
type Rate struct {
	Amount int
	Per    time.Duration
	Scope  Scope
}

// maxAmount and maxPeriod bound a rate: stores keep an entry for each attempt,
// and a time.Duration cannot exceed 292 years.
const (
	maxAmount = 1_000_000
	maxPeriod = 36_500 * 24 * time.Hour
)

var units = map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}

// Parse parses rates separated by commas, each AMOUNT/[COUNT]UNIT[/SCOPE] with
// the units s, m, h and d and the scopes ip (the default), user and key. An empty
// text is no limit.
func Parse(text string) ([]Rate, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var rates []Rate
	for part := range strings.SplitSeq(text, ",") {
		rate, err := parseRate(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		rates = append(rates, rate)
	}
	return rates, nil
}

func parseRate(text string) (Rate, error) {
	fields := strings.Split(text, "/")
	if len(fields) < 2 || len(fields) > 3 {
		return Rate{}, fmt.Errorf("rate %q is not AMOUNT/PERIOD or AMOUNT/PERIOD/SCOPE, like 5/m/key", text)
	}
	amount, err := strconv.Atoi(fields[0])
	if err != nil || amount < 1 || amount > maxAmount {
		return Rate{}, fmt.Errorf("rate %q: the amount must be a number from 1 to %d", text, maxAmount)
	}
	per, err := parsePeriod(fields[1])
	if err != nil {
		return Rate{}, fmt.Errorf("rate %q: %w", text, err)
	}
	scope := ScopeIP
	if len(fields) == 3 {
		scope = Scope(fields[2])
	}
	if scope != ScopeIP && scope != ScopeUser && scope != ScopeKey {
		return Rate{}, fmt.Errorf("rate %q: the scope must be ip, user or key", text)
	}
	return Rate{amount, per, scope}, nil
}

func parsePeriod(text string) (time.Duration, error) {
	problem := fmt.Errorf("the period %q must be a unit s, m, h or d, with a number in front or without", text)
	if text == "" {
		return 0, problem
	}
	unit, ok := units[text[len(text)-1]]
	count := 1
	if digits := text[:len(text)-1]; digits != "" {
		var err error
		if count, err = strconv.Atoi(digits); err != nil {
			return 0, problem
		}
	}
	switch {
	case !ok || count < 1:
		return 0, problem
	case time.Duration(count) > maxPeriod/unit:
		return 0, fmt.Errorf("the period %q is longer than a hundred years", text)
	}
	return time.Duration(count) * unit, nil
}

// String returns the rate in the form that Parse accepts.
func (r Rate) String() string {
	return fmt.Sprintf("%d/%ds/%s", r.Amount, int(r.Per/time.Second), r.Scope)
}
