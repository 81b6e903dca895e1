package social

import (
	"context"
	"fmt"

	"github.com/allauth-go/allauth/internal/login"
)

// notify mails a user that an account at a provider was connected or disconnected.
func (s *Flows) notify(ctx context.Context, sess *login.Session, kind, userID, providerName string) error {
	id, err := s.accounts.Identify(ctx, userID)
	if err != nil {
		return fmt.Errorf("load user: %w", err)
	}
	return s.accounts.Notify(ctx, sess, kind, id, map[string]any{"Provider": providerName})
}
