// Package mailtemplate renders the mails and text messages that are sent to users.
//
//	renderer, err := mailtemplate.New(os.DirFS("mails"), "[Example]")
//	subject, text, html, err := renderer.Render("account/login_code", map[string]any{
//		"SiteName": "Example", "Code": "BCDF-GHJK", "ExpiresIn": "3 minutes",
//	})
//
// A kind of mail has up to three files: account/login_code_subject.txt,
// account/login_code.txt and account/login_code.html. A text message has one file, such
// as sms/verification_code.txt. A file of the host replaces the embedded one; an empty
// HTML file makes a mail plain text. All files can use the templates that layout.txt or
// layout.html defines for their format.
//
// Every name in [Fields] is defined in every template, as an empty string if there is no
// value. A code, or the link that a mail has instead, is on a line of its own. Values
// cannot forge such a line, because they have no line breaks.
package mailtemplate
