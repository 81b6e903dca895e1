package users_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/users"
)

// What an administrator types in, or an import contains, is no failure of the store.
func TestOddTextsOfAdministrators(t *testing.T) {
	t.Parallel()
	w, ctx := start(t, byUsername), t.Context()
	id := w.create("ann", "+ann@example.org")
	for _, odd := range []string{"a\x00b", "a\xffb", strings.Repeat("x", 5000), "+31\x00", "\x00@example.org"} {
		for call, err := range map[string]error{
			"ByID": errOf(w.ByID(ctx, odd)), "ByEmail": errOf(w.ByEmail(ctx, odd)), "ByUsername": errOf(w.ByUsername(ctx, odd)), "ByPhone": errOf(w.ByPhone(ctx, odd)),
			"Disable": w.Disable(ctx, odd), "EndSession": w.EndSession(ctx, id, odd), "EndSessions": w.EndSessions(ctx, odd),
			"Sessions": errOf(w.Sessions(ctx, odd)), "Deletion": errOf(w.Deletion(ctx, odd)), "CancelDeletion": w.CancelDeletion(ctx, odd),
			"Export": errOf(w.Export(ctx, odd)), "SetPassword": w.SetPassword(ctx, odd, password), "Invite": w.Invite(ctx, odd, ""),
		} {
			w.refused(call+" "+odd[:3], err, authn.ErrNotFound)
		}
		w.must(w.Delete(ctx, odd))
		if _, err := w.List(ctx, users.Filter{Prefix: odd}); err != nil {
			t.Errorf("List: %v", err)
		}
		if _, err := w.List(ctx, users.Filter{Cursor: odd}); err == nil {
			t.Errorf("List accepts a cursor")
		}
		display, extra := odd, map[string]json.RawMessage{"note": json.RawMessage(`"a\u0000b"`)}
		if err := w.Update(ctx, id, users.Update{Display: &display, Extra: extra}); err != nil {
			t.Errorf("Update: %v", err)
		}
		results, err := w.CreateMany(ctx, []users.Create{
			{Username: odd, Display: odd, Emails: []users.Email{{Address: odd}, {Address: odd, Verified: true}}, Phone: users.Phone{Number: odd}, PasswordHash: odd, Extra: extra},
			{ID: odd},
			{},
		})
		if err != nil || results[0].Err != nil || results[1].Err == nil || results[2].Err != nil {
			t.Errorf("%q: %+v, %v", odd[:3], results, err)
		}
	}
}
