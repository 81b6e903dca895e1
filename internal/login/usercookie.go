package login

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/allauth-go/allauth/internal/keyring"
)

// maxUserCookieEntries is how many users one cookie has room for: cookies have
// to stay small.
const maxUserCookieEntries = 10

// UserCookie is a signed cookie by which a browser is recognized as that of a
// few users. It is safe for concurrent use.
type UserCookie struct {
	Name string
	// Purpose tells its keys from others.
	Purpose string
	// MaxAge is how long an entry is valid.
	MaxAge time.Duration
	Keys   *keyring.Keyring
	Now    func() time.Time
}

// UserCookieEntry is what the cookie holds for one user.
type UserCookieEntry struct {
	ID string `json:"i"`
	// MAC authenticates the id, and what makes the entry that of one user.
	MAC []byte `json:"m"`
	// At is when the entry was made, in seconds since the epoch.
	At int64 `json:"t"`
}

// Entries returns what is in the cookie, and in others of its name, and has not
// expired, the oldest first. What is not ours is left out.
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

// Matches reports whether the entry was put there for the same parts: the user,
// and whatever else it hangs on.
func (c UserCookie) Matches(e UserCookieEntry, parts ...[]byte) bool {
	return c.Keys.CheckMAC(c.Purpose, e.MAC, append(slices.Clip(parts), []byte(e.ID))...)
}

// Put adds an entry, in place of one for the same parts. The oldest makes room.
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
