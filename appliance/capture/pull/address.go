package pull

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
)

// address is where a camera is, with the credentials that open it. Nothing that
// leaves the package as text has these in it: show is the address without them,
// and safe keeps them out of what others say.
type address struct {
	url     *base.URL
	show    string
	secrets []string
}

// secretName finds the names under which cameras take credentials in path and
// query (user=admin&password=…); its second group is the value, up to the next
// & or / because passwords may have anything else in them.
var secretName = regexp.MustCompile(`(?i)((?:user|usr|login|pass|pwd|psw|token|auth|secret|key|cred)[a-z]*=)([^&/]*)`)

// parseAddress reads an rtsp:// or rtsps:// address. Its errors do not quote the
// address, since that may be where a password stands.
func parseAddress(s string) (address, error) {
	u, err := base.ParseURL(s)
	switch {
	case err != nil && !strings.HasPrefix(s, "rtsp://") && !strings.HasPrefix(s, "rtsps://"):
		return address{}, errors.New("camera address: must begin with rtsp:// or rtsps://")
	case err != nil:
		return address{}, errors.New("camera address: cannot be read; write rtsp://USER:PASSWORD@HOST:PORT/PATH, " +
			"with %23 for #, %2F for /, %3F for ? and %25 for % in the user name and password")
	case u.Hostname() == "":
		return address{}, errors.New("camera address: has no host; write rtsp://HOST:PORT/PATH")
	}
	a := address{url: u}
	bare := u.CloneWithoutCredentials()
	a.show = bare.Scheme + "://" + bare.Host + hide(bare.RequestURI())
	a.collect()
	return a, nil
}

func hide(s string) string { return secretName.ReplaceAllString(s, "${1}***") }

// collect gathers every form in which the credentials may turn up in a text.
func (a *address) collect() {
	add := func(s string) {
		if s != "" {
			a.secrets = append(a.secrets, s, url.QueryEscape(s), url.PathEscape(s))
		}
	}
	if a.url.User != nil {
		add(a.url.User.Username())
		pass, _ := a.url.User.Password()
		add(pass)
		add(a.url.User.String())
		if _, raw, ok := strings.Cut(a.url.User.String(), ":"); ok {
			add(raw)
		}
	}
	for _, m := range secretName.FindAllStringSubmatch((*url.URL)(a.url).RequestURI(), -1) {
		add(m[2])
		if plain, err := url.PathUnescape(m[2]); err == nil {
			add(plain)
		}
	}
}

// safe is text said by somebody else (the camera, a library), cut to one short
// line; if any part of the credentials is in it, nothing of it is left.
func (a *address) safe(text string) string {
	for _, s := range a.secrets {
		if strings.Contains(text, s) {
			return "(not shown, since it has the user name or password in it)"
		}
	}
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if runes := []rune(text); len(runes) > 200 {
		text = string(runes[:200]) + "…"
	}
	return text
}

// host is the host and port as a person would look for them.
func (a *address) host() string {
	if a.url.Port() != "" {
		return a.url.Host
	}
	port := "554"
	if a.url.Scheme == "rtsps" {
		port = "322"
	}
	return fmt.Sprintf("%s:%s", a.url.Host, port)
}
