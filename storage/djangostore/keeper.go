package djangostore

import (
	"context"
	"slices"
)

// cascade are the tables of Django and django-allauth whose rows belong to a user. Those
// of groups and permissions are named after the table of users.
func (s *Store) cascade() []string {
	users := s.cfg.Users.Table
	return []string{
		users + "_groups", users + "_user_permissions", "django_admin_log", "authtoken_token", "usersessions_usersession",
		"account_emailaddress", "mfa_authenticator", "socialaccount_socialaccount",
	}
}

// dependents are rows that belong to rows of a table of cascade.
var dependents = map[string][]string{
	"account_emailaddress":        {`account_emailconfirmation WHERE email_address_id`, `{django_emails} WHERE address_id`},
	"mfa_authenticator":           {`{django_authenticators} WHERE authenticator_id`},
	"socialaccount_socialaccount": {`socialaccount_socialtoken WHERE account_id`, `{django_tokens} WHERE account_id`},
}

// ForgetUser implements storage.Keeper. It also deletes the user's row and the rows of
// Django and django-allauth that belong to it. If other tables of the site refer to the
// user, the row stays, without name, address and password, and is disabled: only the
// site knows what to do with theirs.
func (s *Store) ForgetUser(ctx context.Context, userID string) error {
	key, ok := s.key(userID)
	if !ok {
		return s.Store.ForgetUser(ctx, userID)
	}
	return s.atomically(ctx, func(ctx context.Context) error {
		if err := s.LockUser(ctx, userID); err != nil {
			return err
		}
		t, err := s.read(ctx)
		if err != nil {
			return err
		}
		if err := s.endDjangoSessions(ctx, `user_id = ?`, userID); err != nil {
			return err
		}
		kept := false
		for _, r := range t.references {
			if !slices.Contains(s.cascade(), r.table) {
				var there bool
				if err := s.row(ctx, "look for rows of the user", `SELECT EXISTS (SELECT 1 FROM "`+r.table+`" WHERE "`+r.column+`" = ?key)`, []any{key}, &there); err != nil {
					return err
				}
				kept = kept || there
				continue
			}
			for _, dependent := range dependents[r.table] {
				if _, err := s.exec(ctx, "forget user", `DELETE FROM `+dependent+` IN (SELECT id FROM "`+r.table+`" WHERE "`+r.column+`" = ?key)`, key); err != nil {
					return err
				}
			}
			if _, err := s.exec(ctx, "forget user", `DELETE FROM "`+r.table+`" WHERE "`+r.column+`" = ?key`, key); err != nil {
				return err
			}
		}
		if err := s.phones().DeletePhone(ctx, userID); err != nil {
			return err
		}
		if _, err := s.exec(ctx, "forget user", `DELETE FROM {django_users} WHERE user_id = ?`, userID); err != nil {
			return err
		}
		if err := s.forgetRow(ctx, key, kept); err != nil {
			return err
		}
		return s.Store.ForgetUser(ctx, userID)
	})
}

// forgetRow deletes the row of a user, or empties it.
func (s *Store) forgetRow(ctx context.Context, key any, kept bool) error {
	if !kept {
		_, err := s.exec(ctx, "forget user", `DELETE FROM {users} WHERE [id] = ?key`, key)
		return err
	}
	u := s.cfg.Users
	set := `[password] = '!'`
	if u.Username != "" {
		set += `, [username] = 'deleted-' || CAST([id] AS TEXT)`
	}
	if u.Email != "" {
		set += `, [email] = ` + s.idText("[id]") + ` || '` + noAddress + `'`
	}
	if u.IsActive != "" {
		set += `, [is_active] = FALSE`
	}
	for _, c := range s.tables.columns {
		if c.name == "first_name" || c.name == "last_name" {
			set += `, "` + c.name + `" = ''`
		}
	}
	_, err := s.exec(ctx, "forget user", `UPDATE {users} SET `+set+` WHERE [id] = ?key`, key)
	return err
}
