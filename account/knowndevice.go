package account

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/allauth-go/allauth/internal/flow"
)

const (
	devicePurpose = "known device"
	// maxDevices is how many users one browser can be known to. The cookie has
	// to stay small.
	maxDevices = 10
	// deviceLifetime is how long a browser stays known after a login, and
	// deviceRenewal the age at which the next login counts it anew.
	deviceLifetime = 180 * 24 * time.Hour
	deviceRenewal  = 30 * 24 * time.Hour
)

// device is one entry of the cookie: a user who has logged in with this browser.
// It proves nothing but that.
type device struct {
	ID  string `json:"i"`
	MAC []byte `json:"m"` // of the user and the id
	At  int64  `json:"t"` // in seconds since the epoch
}

// RememberDevice lets the browser in which somebody has just logged in be known
// to them: strangers who use up the attempts of their account do not lock them
// out (OWASP, Slow Down Online Guessing Attacks with Device Cookies).
func (s *Service) RememberDevice(sess *flow.Session) error {
	if sess.Kind != flow.Browser || !sess.Authenticated() {
		return nil
	}
	list := s.devicesIn(sess)
	known := slices.IndexFunc(list, func(d device) bool { return s.isDeviceOf(d, sess.UserID()) })
	if known >= 0 && s.deps.Now().Before(time.Unix(list[known].At, 0).Add(deviceRenewal)) {
		return nil
	}
	id, err := flow.RandomID(s.deps.Rand)
	if err != nil {
		return err
	}
	if known >= 0 {
		id = list[known].ID // with the attempts it has used up
		list = slices.Delete(list, known, known+1)
	}
	mac := s.deps.Keys.MAC(devicePurpose, []byte(sess.UserID()), []byte(id))
	list = append(list, device{ID: id, MAC: mac, At: s.deps.Now().Unix()})
	list = list[max(0, len(list)-maxDevices):]
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	sess.SetCookie(flow.Cookie{
		Name: s.cfg.KnownDeviceCookieName, Value: s.deps.Keys.Sign(devicePurpose, text), MaxAge: deviceLifetime,
	})
	return nil
}

// devicesIn returns what is in the cookie and has not expired. A cookie that is
// not ours is empty.
func (s *Service) devicesIn(sess *flow.Session) []device {
	text, ok := s.deps.Keys.Verify(devicePurpose, sess.SentCookie(s.cfg.KnownDeviceCookieName))
	if !ok {
		return nil
	}
	var list []device
	if json.Unmarshal(text, &list) != nil {
		return nil
	}
	return slices.DeleteFunc(list, func(d device) bool {
		return !s.deps.Now().Before(time.Unix(d.At, 0).Add(deviceLifetime))
	})
}

func (s *Service) isDeviceOf(d device, userID string) bool {
	return s.deps.Keys.CheckMAC(devicePurpose, d.MAC, []byte(userID), []byte(d.ID))
}

// limitKey is what attempts at an account count by: what it was named by, so
// that known and unknown accounts look alike, or the browser if one of the users
// who are meant has logged in with it before.
func (s *Service) limitKey(sess *flow.Session, named string, userIDs ...string) string {
	if sess.Kind == flow.Browser {
		for _, d := range s.devicesIn(sess) {
			if slices.ContainsFunc(userIDs, func(id string) bool { return s.isDeviceOf(d, id) }) {
				return "device " + d.ID
			}
		}
	}
	return named
}
