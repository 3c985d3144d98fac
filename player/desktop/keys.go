package desktop

import (
	"encoding/json"
	"net/url"

	"github.com/zalando/go-keyring"
)

// Keys is a keyring.
type Keys interface {
	Get(what string) (secret string, err error)
	Set(what, secret string) error
}

// SystemKeys is the keyring of the desktop, as far as there is one.
type SystemKeys struct{}

const keyService = "hindsight"

// Get reads a secret.
func (SystemKeys) Get(what string) (string, error) { return keyring.Get(keyService, what) }

// Set keeps a secret.
func (SystemKeys) Set(what, secret string) error { return keyring.Set(keyService, what, secret) }

// login is the one typed, or that of the address, or the one that was kept.
func (d *Desktop) login(u *url.URL, typed Login) Login {
	if typed.User != "" {
		return typed
	}
	if u.User != nil {
		pass, _ := u.User.Password()
		return Login{User: u.User.Username(), Password: pass}
	}
	if d.o.Keys == nil {
		return typed
	}
	text, err := d.o.Keys.Get(u.Host)
	var kept Login
	if err != nil || json.Unmarshal([]byte(text), &kept) != nil {
		return typed
	}
	return Login{User: kept.User, Password: kept.Password}
}

// keep puts a login into the keyring, if that is wished, and reports whether it is there.
func (d *Desktop) keep(u *url.URL, l Login) bool {
	if !l.Keep || d.o.Keys == nil {
		return false
	}
	text, err := json.Marshal(Login{User: l.User, Password: l.Password})
	if err == nil {
		err = d.o.Keys.Set(u.Host, string(text))
	}
	if err != nil {
		d.o.Log.Warn("the password is not kept: the keyring does not take it", "host", u.Host, "error", err)
	}
	return err == nil
}
