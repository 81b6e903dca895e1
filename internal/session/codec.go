package session

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/allauth-go/allauth/internal/login"
)

// The versions of the encoding. A new one is added when the encoding changes in a way that
// an older server would misread.
const (
	codecVersion = 1
	// codecImpersonation is the version of sessions with an impersonation.
	codecImpersonation = 2
)

// stateKey is the only key in an scs session.
const stateKey = "state"

// errUnreadable means that the stored data has another format or version. Such a
// session is treated as if it did not exist.
var errUnreadable = errors.New("sessions: unreadable data")

// codec implements scs.Codec with versioned JSON, so that servers of different builds
// read each other's sessions.
type codec struct{}

type encoded struct {
	Version  int         `json:"v"`
	Deadline int64       `json:"deadline"` // microseconds
	State    login.State `json:"state"`
}

func (codec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	state, _ := values[stateKey].(login.State)
	version := codecVersion
	if state.Impersonation != nil {
		version = codecImpersonation
	}
	return json.Marshal(encoded{version, deadline.UnixMicro(), state})
}

func (codec) Decode(data []byte) (time.Time, map[string]any, error) {
	var e encoded
	if err := json.Unmarshal(data, &e); err != nil || e.Version != codecVersion && e.Version != codecImpersonation {
		return time.Time{}, nil, errUnreadable
	}
	return time.UnixMicro(e.Deadline).UTC(), map[string]any{stateKey: e.State}, nil
}
