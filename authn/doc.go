// Package authn holds the types that all packages of allauth share: users,
// authentication methods, one-time challenges, errors and events. It imports only
// the standard library, so that a store or an event handler depends on nothing
// else.
//
// A host application with its own user table implements [UserStore]:
//
//	type users struct{ db *sql.DB }
//
//	func (u users) CreateUser(ctx context.Context, n authn.NewUser) (*authn.User, error) {
//		id := uuid.NewString()
//		_, err := sqlstore.Conn(ctx, u.db).ExecContext(ctx,
//			`INSERT INTO users (id, email, name) VALUES ($1, $2, $3)`, id, n.Email, n.Display)
//		return &authn.User{ID: id, Username: n.Username, Display: n.Display}, err
//	}
//
//	func (u users) UserByID(ctx context.Context, id string) (*authn.User, error) { ... }
package authn
