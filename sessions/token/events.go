package token

// Reused is published when a used refresh token was used again and the session
// was ended.
type Reused struct{ UserID, SessionID string }

// EventName implements authn.Event.
func (Reused) EventName() string { return "sessions.refresh_token_reused" }
