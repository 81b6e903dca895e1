// Package mailtemplate renders the mails and text messages that are sent to users, in the
// languages of the site.
//
// The texts of a language are in its file mails.txt, which defines a template for each
// kind, such as "account/login_code", one for its subject, and the parts that they share.
// The HTML of a mail is made of its text and layout.html. A host replaces definitions in a
// mails.txt of its own, or single messages by account/login_code_subject.txt,
// account/login_code.txt and account/login_code.html; an empty HTML file makes a mail plain
// text.
//
// Every name in [Fields] is defined in every template, as an empty string if there is no
// value. A code, or the link that a mail has instead, is on a line of its own. Values
// cannot forge such a line, because they have no line breaks.
package mailtemplate
