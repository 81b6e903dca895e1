package token

// Reused is published when a refresh token is shown that was used before. The
// session has ended.
type Reused struct{ UserID, SessionID string }

// EventName implements authn.Event.
func (Reused) EventName() string { return "sessions.refresh_token_reused" }
