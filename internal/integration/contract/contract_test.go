package contract

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Every response here is wrong in one way.
func TestWhatIsNotDescribedIsNoticed(t *testing.T) {
	t.Parallel()
	document, err := published()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		method, path string
		status       int
		body         string
		complaint    string
	}{
		"a member more":              {"GET", "app/v1/account/phone", 200, `{"status":200,"data":[{"phone":"+31612345678","verified":true,"primary":true}]}`, "'primary' not allowed"},
		"a member less":              {"GET", "app/v1/account/phone", 200, `{"status":200,"data":[{"phone":"+31612345678"}]}`, "'verified'"},
		"another type":               {"GET", "app/v1/account/phone", 200, `{"status":200,"data":[{"phone":31612345678,"verified":true}]}`, "want string"},
		"another status in the body": {"POST", "app/v1/auth/phone/verify/resend", 200, `{"status":202}`, "must be 200"},
		"a status":                   {"GET", "app/v1/config", 201, `{"status":201}`, "status 201"},
		"a code":                     {"POST", "app/v1/auth/login", 400, `{"status":400,"errors":[{"code":"email_taken","message":"Taken.","param":"email"}]}`, "email:email_taken"},
		"a code without a param":     {"POST", "app/v1/auth/login", 400, `{"status":400,"errors":[{"code":"email_taken","message":"Taken."}]}`, "problem email_taken"},
		"a method":                   {"DELETE", "app/v1/config", 200, `{"status":200}`, "status 200"},
		"a path":                     {"GET", "app/v1/nothing", 200, `{"status":200}`, "status 200"},
		"a client":                   {"GET", "desktop/v1/config", 200, `{"status":200}`, "status 200"},
		"no JSON":                    {"GET", "app/v1/config", 200, `nothing`, "invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := &recorder{ResponseWriter: httptest.NewRecorder(), status: test.status}
			answer.Header().Set("Content-Type", "application/json; charset=utf-8")
			answer.body.WriteString(test.body)
			err := document.check(test.method, basePath+"/"+test.path, answer, nil)
			if err == nil || !strings.Contains(err.Error(), test.complaint) {
				t.Errorf("complaint %v, want %q", err, test.complaint)
			}
		})
	}
	page := &recorder{ResponseWriter: httptest.NewRecorder(), status: http.StatusOK}
	page.Header().Set("Content-Type", "text/html")
	if err := document.check("GET", basePath+"/app/v1/config", page, nil); err == nil {
		t.Error("a page was accepted")
	}
}
