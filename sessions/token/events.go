package token

// Reused is published when a used refresh token was used again and the session
// was ended.
type Reused struct {
	// SessionID is the ID of the ended session.
	SessionID string `json:"session_id"`
}

// EventName implements authn.EventDetails.
func (Reused) EventName() string { return "sessions.refresh_token_reused" }
