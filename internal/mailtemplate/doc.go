// Package mailtemplate turns a kind of message and its data into text.
//
//	renderer, err := mailtemplate.New(os.DirFS("mails"), "[Example]")
//	subject, text, html, err := renderer.Render("account/login_code", map[string]any{
//		"SiteName": "Example", "Code": "BCDF-GHJK", "ExpiresIn": "3 minutes",
//	})
//
// A kind of mail has up to three files: account/login_code_subject.txt,
// account/login_code.txt and account/login_code.html. Text messages have only
// sms/verification_code.txt and the like. Each file that the host provides takes
// the place of the embedded one; an empty HTML file makes a mail plain text. The
// pieces in layout.txt and layout.html can be used by all files of their format.
//
// Every name in [Fields] exists in every template, if only as an empty string.
// A code stands alone on a line of the text, as does the link of a mail that
// has one instead. No value can forge such a line, because values hold no line
// breaks.
package mailtemplate
