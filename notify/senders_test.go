package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	_ Mailer = SMTP{}
	_ Mailer = &SMTP{}
	_ Mailer = &Log{}
	_ Texter = &Log{}
	_ Texter = Webhook{}
	_ Texter = &Webhook{}
)

var sampleText = TextMessage{ID: "t1", Kind: TextVerificationCode, To: "+31201234567", Text: "Your code is:\nABCD-1234"}

func TestWebhook(t *testing.T) {
	t.Parallel()
	gateway := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]string
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		if r.Method != http.MethodPost || r.Header.Get("Idempotency-Key") != "t1" || r.Header.Get("Content-Type") != "application/json" ||
			r.Header.Get("Authorization") != "Bearer key" || len(body) != 3 ||
			body["to"] != sampleText.To || body["kind"] != "verification_code" || body["text"] != sampleText.Text {
			t.Errorf("%s %v %v", r.Method, r.Header, body)
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	defer gateway.Close()
	header := http.Header{"authorization": {"Bearer key"}, "idempotency-key": {"stale"}}
	webhook := Webhook{URL: gateway.URL, Client: gateway.Client(), Header: header}
	if err := webhook.Text(t.Context(), sampleText); err != nil {
		t.Error(err)
	}
	bad := sampleText
	bad.ID = "t1\r\nX: y"
	if err := webhook.Text(t.Context(), bad); !errors.Is(err, ErrPermanent) {
		t.Errorf("an ID with a line break: %v", err)
	}
}

func TestWebhookAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status    int
		ok        bool
		permanent bool
	}{
		{200, true, false}, {204, true, false}, {302, false, false}, {307, false, false},
		{400, false, true}, {401, false, false}, {404, false, false}, {413, false, true},
		{422, false, true}, {429, false, false}, {500, false, false}, {503, false, false},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.status), func(t *testing.T) {
			t.Parallel()
			requests := 0
			gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests++
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, "no message for "+sampleText.To)
			}))
			defer gateway.Close()
			err := Webhook{URL: gateway.URL + "/?key=hidden"}.Text(t.Context(), sampleText)
			if (err == nil) != test.ok || errors.Is(err, ErrPermanent) != test.permanent || requests != 1 {
				t.Errorf("Text = %v after %d requests", err, requests)
			}
			var failure *DeliveryError
			if errors.As(err, &failure) && (failure.Code != test.status || strings.Contains(err.Error(), "312")) {
				t.Errorf("Text = %v", err)
			}
		})
	}
}

func TestWebhookThatIsNotThere(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	gateway := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}))
	defer gateway.Close()
	defer close(hang)
	err := Webhook{URL: gateway.URL + "/?key=hidden", Timeout: 50 * time.Millisecond}.Text(t.Context(), sampleText)
	if err == nil || !strings.Contains(err.Error(), "timed out") || strings.Contains(err.Error(), "hidden") {
		t.Errorf("silent: %v", err)
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	err = Webhook{URL: closed.URL + "/?key=hidden"}.Text(t.Context(), sampleText)
	if err == nil || errors.Is(err, ErrPermanent) || strings.Contains(err.Error(), "hidden") {
		t.Errorf("closed: %v", err)
	}
}

func TestWebhookReadsLittle(t *testing.T) {
	t.Parallel()
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil { // never ends on its own
			if _, err := w.Write(make([]byte, 1<<15)); err != nil {
				return
			}
		}
	}))
	defer gateway.Close()
	if err := (Webhook{URL: gateway.URL}).Text(t.Context(), sampleText); err != nil {
		t.Error(err)
	}
}

func TestWebhookValidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		webhook Webhook
		want    string
	}{
		{Webhook{URL: "https://gateway.example.com/send"}, ""},
		{Webhook{URL: "http://127.0.0.1:8080"}, ""},
		{Webhook{URL: "http://gateway.internal", InsecureAllowHTTP: true}, ""},
		{Webhook{}, "is empty"},
		{Webhook{URL: "gateway.example.com"}, "not an absolute"},
		{Webhook{URL: "ftp://gateway.example.com"}, "not an absolute"},
		{Webhook{URL: "https://%zz"}, "not an absolute"},
		{Webhook{URL: "http://gateway.example.com"}, "not encrypted"},
		{Webhook{URL: "https://gateway.example.com", Timeout: -1}, "Timeout"},
	}
	for _, test := range tests {
		err := test.webhook.Validate()
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("Validate of %q = %v, want %q", test.webhook.URL, err, test.want)
		}
		if test.want != "" && test.webhook.Text(t.Context(), sampleText) == nil {
			t.Errorf("Text with %q worked", test.webhook.URL)
		}
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	var output bytes.Buffer
	log := &Log{Writer: &output}
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if log.Send(t.Context(), sample) != nil || log.Text(t.Context(), sampleText) != nil {
				t.Error("printing failed")
			}
		})
	}
	group.Wait()
	for _, want := range []string{"To: ann@example.org", "Subject: " + sample.Subject, "\nABCD-1234\n", "To: +31201234567"} {
		if strings.Count(output.String(), want) < 20 {
			t.Errorf("the output lacks %q:\n%s", want, output.String())
		}
	}
	if err := (&Log{Writer: brokenWriter{}}).Send(context.Background(), sample); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Send = %v", err)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// No way of printing a value of this package shows a code, an address or a
// password.
func TestPrintingHidesSecrets(t *testing.T) {
	t.Parallel()
	values := []any{
		sample, &sample, sampleText, &sampleText, []Message{sample}, struct{ M Message }{sample},
		SMTP{Addr: "smtp.example.com:25", Username: "name", Password: "ABCD-1234"},
		&SMTP{Addr: "smtp.example.com:25", Username: "name", Password: "ABCD-1234"},
		Webhook{URL: "https://x.example/?key=ABCD-1234", Header: http.Header{"Authorization": {"ABCD-1234"}}},
		&Webhook{URL: "https://x.example/?key=ABCD-1234", Header: http.Header{"Authorization": {"ABCD-1234"}}},
	}
	for _, value := range values {
		var output bytes.Buffer
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			fmt.Fprintf(&output, format+"\n", value)
		}
		slog.New(slog.NewTextHandler(&output, nil)).Info("text", "value", value)
		if _, nested := value.([]Message); !nested && !strings.HasPrefix(fmt.Sprintf("%T", value), "struct") {
			slog.New(slog.NewJSONHandler(&output, nil)).Info("json", "value", value)
		}
		for _, never := range []string{"ABCD-1234", "ann@example.org", "+312", "Betreff"} {
			if strings.Contains(output.String(), never) {
				t.Errorf("%T shows %q:\n%s", value, never, output.String())
			}
		}
	}
}
