package login

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/allauth-go/allauth/internal/keyring"
)

// maxUserCookieEntries is the maximum number of users in one cookie, whose size browsers
// limit.
const maxUserCookieEntries = 10

// UserCookie is a signed cookie that marks a browser as one of a few users. It is safe
// for concurrent use.
type UserCookie struct {
	Name string
	// Purpose separates its keys from others.
	Purpose string
	// MaxAge is how long an entry is valid.
	MaxAge time.Duration
	Keys   *keyring.Keyring
	Now    func() time.Time
}

// UserCookieEntry is the entry of one user.
type UserCookieEntry struct {
	ID string `json:"i"`
	// MAC authenticates the id and the parts, see UserCookie.Put.
	MAC []byte `json:"m"`
	// At is when the entry was made, in seconds since the epoch.
	At int64 `json:"t"`
}

// Entries returns the entries that have not expired, the oldest first, of all cookies
// with the name. Cookies with a wrong signature are left out.
func (c UserCookie) Entries(s *Session) []UserCookieEntry {
	var list []UserCookieEntry
	for _, value := range s.SentCookies(c.Name) {
		text, ok := c.Keys.Verify(c.Purpose, value)
		var entries []UserCookieEntry
		if !ok || json.Unmarshal(text, &entries) != nil {
			continue
		}
		for _, e := range entries {
			if !slices.ContainsFunc(list, func(known UserCookieEntry) bool { return bytes.Equal(known.MAC, e.MAC) && known.At == e.At }) {
				list = append(list, e)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b UserCookieEntry) int { return cmp.Compare(a.At, b.At) })
	return slices.DeleteFunc(list, func(e UserCookieEntry) bool { return e.IsOlder(c.MaxAge, c.Now()) })
}

// IsOlder reports whether the entry has reached that age.
func (e UserCookieEntry) IsOlder(age time.Duration, now time.Time) bool {
	return !now.Before(time.Unix(e.At, 0).Add(age))
}

// Matches reports whether the entry was put for the same parts.
func (c UserCookie) Matches(e UserCookieEntry, parts ...[]byte) bool {
	return c.Keys.CheckMAC(c.Purpose, e.MAC, append(slices.Clip(parts), []byte(e.ID))...)
}

// Put adds an entry for the parts: the id of the user, and other data that makes the
// entry invalid when it changes. It replaces one for the same parts, and removes the
// oldest if there are too many.
func (c UserCookie) Put(s *Session, id string, parts ...[]byte) error {
	list := slices.DeleteFunc(c.Entries(s), func(e UserCookieEntry) bool { return c.Matches(e, parts...) })
	mac := c.Keys.MAC(c.Purpose, append(slices.Clip(parts), []byte(id))...)
	list = append(list, UserCookieEntry{ID: id, MAC: mac, At: c.Now().Unix()})
	list = list[max(0, len(list)-maxUserCookieEntries):]
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	s.SetCookie(Cookie{Name: c.Name, Value: c.Keys.Sign(c.Purpose, text), MaxAge: c.MaxAge})
	return nil
}
