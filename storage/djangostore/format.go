package djangostore

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/mfa/webauthn"
)

var base32NoPad = base32.StdEncoding.WithPadding(base32.NoPadding)

// djangoData is the column data of mfa_authenticator. Members that the library does not
// know are kept.
type djangoData map[string]any

func readData(text string) (djangoData, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var data djangoData
	if err := decoder.Decode(&data); err != nil {
		return nil, fmt.Errorf("data is not a JSON object: %w", err)
	}
	return data, nil
}

// json returns the data as text, whose members are in the order of their names.
func (d djangoData) json() string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(map[string]any(d)) // values that were decoded can be encoded
	return strings.TrimSpace(b.String())
}

func (d djangoData) source() string { return source(d.json()) }

func (d djangoData) text(name string) string {
	text, _ := d[name].(string)
	return text
}

// The purpose of the key, what is authenticated with the data, and the encoded values are
// those of internal/factors. They are frozen.

const factorPurpose = "mfa authenticator"

func factorOwner(t mfa.Type, userID string) []byte { return []byte(string(t) + "\x00" + userID) }

// app is an authenticator app.
type app struct {
	Secret string  `json:"secret"`
	Digits int     `json:"digits"`
	Period int64   `json:"period"`
	Used   []int64 `json:"used,omitempty"`
}

// recoverySet is a set of recovery codes.
type recoverySet struct {
	Codes  []mfa.RecoveryCode `json:"codes"`
	Viewed bool               `json:"viewed,omitempty"`
}

// factor is an authenticator in the library's form: an *app, a *recoverySet or a
// *webauthn.Credential.
type factor struct {
	kind  mfa.Type
	value any
}

func (f factor) claim(userID string) string {
	if key, ok := f.value.(*webauthn.Credential); ok {
		sum := sha256.Sum256(key.ID)
		return string(f.kind) + ":" + base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return string(f.kind) + ":" + userID
}

func (s *Store) seal(t mfa.Type, userID string, value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return s.keys.Seal(factorPurpose, text, factorOwner(t, userID))
}

// fromDjango converts a row of Django. The error says why it cannot be taken over.
func (s *Store) fromDjango(r factorRow) (factor, error) {
	f := factor{kind: r.Type}
	var err error
	switch r.Type {
	case mfa.TOTP:
		f.value, err = s.readApp(r.data)
	case mfa.RecoveryCodes:
		f.value, err = s.readCodes(r.data)
	case mfa.WebAuthn:
		f.value, err = s.readKey(r.data, r.UserID)
	default:
		err = fmt.Errorf("the type %q is unknown", r.Type)
	}
	return f, err
}

func (s *Store) readApp(data djangoData) (*app, error) {
	secret, err := s.cfg.Decrypt(data.text("secret"))
	if err != nil {
		return nil, fmt.Errorf("decrypt the secret: %w", err)
	}
	secret = strings.ToUpper(strings.TrimRight(strings.ReplaceAll(secret, " ", ""), "="))
	if raw, err := base32NoPad.DecodeString(secret); err != nil || len(raw) == 0 {
		return nil, errors.New("the secret is not base32: set Config.Decrypt if the site's MFA_ADAPTER encrypts it")
	}
	return &app{Secret: secret, Digits: s.cfg.TOTPDigits, Period: int64(s.cfg.TOTPPeriod.Seconds())}, nil
}

func (s *Store) readCodes(data djangoData) (*recoverySet, error) {
	set := &recoverySet{Viewed: data["viewed_at"] != nil}
	if migrated, ok := data["migrated_codes"].([]any); ok {
		for _, item := range migrated {
			text, _ := item.(string)
			code, err := s.cfg.Decrypt(text)
			if err != nil {
				return nil, fmt.Errorf("decrypt a code: %w", err)
			}
			if code == "" {
				return nil, errors.New("a code is empty")
			}
			set.Codes = append(set.Codes, mfa.RecoveryCode{Code: code})
		}
		return set, nil
	}
	seed, err := s.cfg.Decrypt(data.text("seed"))
	if err != nil {
		return nil, fmt.Errorf("decrypt the seed: %w", err)
	}
	mask, err := usedMask(data)
	if err != nil {
		return nil, err
	}
	if seed == "" {
		return nil, errors.New("there is neither a seed nor a list of codes")
	}
	set.Codes, err = mfa.DjangoRecoveryCodes(seed, mask, s.cfg.RecoveryCodeCount, s.cfg.RecoveryCodeDigits)
	return set, err
}

func usedMask(data djangoData) (*big.Int, error) {
	number, _ := data["used_mask"].(json.Number)
	mask, ok := new(big.Int).SetString(number.String(), 10)
	if !ok || mask.Sign() < 0 {
		return nil, errors.New("the mask of used codes is not a number")
	}
	return mask, nil
}

func (s *Store) readKey(data djangoData, userID string) (*webauthn.Credential, error) {
	credential, err := json.Marshal(data["credential"])
	if err != nil {
		return nil, err
	}
	return webauthn.ImportCredential(credential, s.handle(userID))
}

// toDjango converts an authenticator of the library to Django's data. before is the row
// that it updates, or nil: what has not changed stays as Django wrote it.
func (s *Store) toDjango(a mfa.Authenticator, before *factorRow) (djangoData, error) {
	if !hasType(a.Type) {
		return nil, fmt.Errorf("djangostore: the authenticator has the unknown type %q", a.Type)
	}
	text, err := s.keys.Open(factorPurpose, a.Data, factorOwner(a.Type, a.UserID))
	if err != nil {
		return nil, fmt.Errorf("djangostore: store authenticator of user %s: %w; Config.Secrets must be those of allauth.Config", a.UserID, err)
	}
	data := djangoData{}
	if before != nil {
		for name, value := range before.data {
			data[name] = value
		}
	}
	switch a.Type {
	case mfa.TOTP:
		err = s.writeApp(data, text)
	case mfa.RecoveryCodes:
		err = s.writeCodes(data, text)
	default:
		err = s.writeKey(data, text, a, before)
	}
	if err != nil {
		return nil, fmt.Errorf("djangostore: store authenticator of user %s: %w", a.UserID, err)
	}
	return data, nil
}

func (s *Store) writeApp(data djangoData, text []byte) error {
	var a app
	if err := json.Unmarshal(text, &a); err != nil {
		return err
	}
	if a.Digits != s.cfg.TOTPDigits || a.Period != int64(s.cfg.TOTPPeriod.Seconds()) {
		return errors.New("the app has other digits or another period than the site; use those of Config in mfa.Config, too")
	}
	if before, err := s.readApp(data); err == nil && before.Secret == a.Secret {
		return nil
	}
	secret := a.Secret
	if missing := len(secret) % 8; missing != 0 { // Django's decoder requires the padding
		secret += strings.Repeat("=", 8-missing)
	}
	var err error
	data["secret"], err = s.cfg.Encrypt(secret)
	return err
}

// writeCodes marks the used codes of a set of Django, or stores the set as a list of
// unused codes, as Django keeps those of other systems.
func (s *Store) writeCodes(data djangoData, text []byte) error {
	var set recoverySet
	if err := json.Unmarshal(text, &set); err != nil {
		return err
	}
	if set.Viewed && data["viewed_at"] == nil {
		data["viewed_at"] = float64(s.cfg.Now().UnixMicro()) / 1e6
	}
	_, migrated := data["migrated_codes"]
	before, err := s.readCodes(data)
	if err == nil && !migrated && sameCodes(before.Codes, set.Codes) {
		mask, _ := usedMask(data) // readCodes has read it
		for i, code := range set.Codes {
			if code.Used {
				mask.SetBit(mask, i, 1)
			}
		}
		data["used_mask"] = json.Number(mask.String())
		return nil
	}
	left := []any{}
	for i, code := range set.Codes {
		if code.Used || err == nil && migrated && usedMeanwhile(before.Codes, set.Codes, i) {
			continue
		}
		sealed, err := s.cfg.Encrypt(code.Code)
		if err != nil {
			return err
		}
		left = append(left, sealed)
	}
	delete(data, "seed")
	data["migrated_codes"] = left
	data["used_mask"] = json.Number("0")
	return nil
}

// sameCodes reports whether two sets have the same codes, used or not.
func sameCodes(a, b []mfa.RecoveryCode) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Code != b[i].Code {
			return false
		}
	}
	return true
}

// usedMeanwhile reports whether the code i of a set is missing in the list that Django
// keeps, although the list has others of the set: Django removes used codes.
func usedMeanwhile(list, set []mfa.RecoveryCode, i int) bool {
	here, others := false, false
	for _, one := range list {
		here = here || one.Code == set[i].Code
		for _, other := range set {
			others = others || one.Code == other.Code
		}
	}
	return !here && others
}

func (s *Store) writeKey(data djangoData, text []byte, a mfa.Authenticator, before *factorRow) error {
	var key webauthn.Credential
	if err := json.Unmarshal(text, &key); err != nil {
		return err
	}
	data["name"] = plain(a.Name)
	if before != nil {
		if same, err := s.readKey(data, a.UserID); err == nil && bytes.Equal(same.ID, key.ID) {
			if passwordless(same) != passwordless(&key) {
				setPasswordless(data["credential"], passwordless(&key))
			}
			return nil
		}
	}
	data["credential"] = registration(&key)
	return nil
}

func passwordless(key *webauthn.Credential) bool { return key.Passwordless != nil && *key.Passwordless }

func setPasswordless(credential any, value bool) {
	members, _ := credential.(map[string]any)
	if members == nil {
		return
	}
	members["clientExtensionResults"] = map[string]any{"credProps": map[string]any{"rk": value}}
}

// Flags of authenticator data (§6.1).
const (
	flagUserPresent = 0x01
	flagAttested    = 0x40
	flagsKept       = 0x1d // user present, user verified, can be and is backed up
)

// registration returns the response of the registration that made a key, as far as Django
// reads it: the library has verified it, and keeps the key only.
func registration(key *webauthn.Credential) map[string]any {
	flags := byte(flagUserPresent | flagAttested)
	if key.Flags != nil {
		flags |= *key.Flags & flagsKept
	}
	aaguid := make([]byte, 16)
	copy(aaguid, key.AAGUID)
	authData := append(make([]byte, sha256.Size), flags, 0, 0, 0, 0)
	authData = append(authData, aaguid...)
	authData = binary.BigEndian.AppendUint16(authData, uint16(len(key.ID)))
	authData = append(append(authData, key.ID...), key.PublicKey...)
	// CBOR of {"fmt": "none", "attStmt": {}, "authData": authData}.
	object := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"), byte(len(authData)>>8), byte(len(authData)))
	object = append(object, authData...)
	client := `{"type":"webauthn.create","challenge":"` + base64.RawURLEncoding.EncodeToString(make([]byte, 32)) + `","origin":"https://localhost","crossOrigin":false}`
	id := base64.RawURLEncoding.EncodeToString(key.ID)
	transports := []any{}
	for _, t := range key.Transports {
		transports = append(transports, t)
	}
	return map[string]any{
		"id": id, "rawId": id, "type": "public-key",
		"response": map[string]any{
			"clientDataJSON": base64.RawURLEncoding.EncodeToString([]byte(client)), "attestationObject": base64.RawURLEncoding.EncodeToString(object),
			"transports": transports,
		},
		"clientExtensionResults": map[string]any{"credProps": map[string]any{"rk": passwordless(key)}},
	}
}

// base36 returns a decimal id in base 36.
func base36(userID string) string {
	number, _ := strconv.ParseInt(userID, 10, 64) // ids are numbers
	return strconv.FormatInt(number, 36)
}
