package player

import (
	"fmt"
	"net/url"
	"strings"
)

// defaultPort is the recorder's, when an address names none.
const defaultPort = "8080"

// ParseAddress reads what a person types to name a recorder: pi, pi:8080,
// http://pi:8080/, https://recorder.example.org. What is left out is http and, without a
// scheme, port 8080. Credentials, a query and a fragment are refused.
func ParseAddress(s string) (*url.URL, error) {
	text := strings.TrimSpace(s)
	if text == "" {
		return nil, fmt.Errorf("type the address of a recorder, as in http://raspberrypi.local:8080")
	}
	bare := !strings.Contains(text, "://")
	if bare {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("%q is no address; it looks like http://raspberrypi.local:8080", s)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("%q: the page of a recorder is at http:// or https://, not %s://", s, u.Scheme)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%q: only a host and a port belong into the address", s)
	}
	if bare && u.Port() == "" {
		u.Host += ":" + defaultPort
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	return u, nil
}
