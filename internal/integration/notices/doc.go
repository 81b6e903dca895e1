// Package notices has a test for each security notice of django-allauth from
// 65.19.1 on, under the number of the release, unless the notice is about something
// that this library does not have. Those about providers are in
// internal/integration/socialaccount. docs/reference.md lists all releases.
package notices
