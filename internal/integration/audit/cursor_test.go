package audit_test

import (
	"testing"

	"github.com/allauth-go/allauth/internal/clienttest"
)

// A cursor that the server has not returned is the client's mistake in every database, also
// if it has bytes that some of them do not accept in texts.
func TestForgedCursorsAreRefused(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, shown)
	c := s.SignUp(clienttest.App, ann)
	for _, cursor := range []string{"1-%00", "1-%ff", "1-a%00b", "1-a%0Ab", "1-a%20b", "1-%C3%A4", "1-", "-1-", "1", "-", "9999999999999999999-a", "1e3-a"} {
		c.Get("account/activity?cursor=" + cursor).Problems("cursor:invalid")
	}
	for _, cursor := range []string{"9223372036854775807-a", "0-a"} {
		c.Get("account/activity?cursor=" + cursor).Status(200)
	}
}
