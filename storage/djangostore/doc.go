// Package djangostore is a storage.Store on the tables of Django and django-allauth,
// which stay as they are: users, password hashes, email addresses, accounts at providers
// and authenticators are read and written there, so that Django can run beside the
// library and take over again. What Django has no place for (sessions, codes, queued
// messages, counters, events) is in tables beside, as in sqlstore, in the same database
// and the same transactions.
//
// docs/from-django.md explains how a site moves.
package djangostore
