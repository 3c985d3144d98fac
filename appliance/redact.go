package appliance

import (
	"regexp"
	"strings"

	"hindsight/appliance/capture/pull"
	"hindsight/media"
)

// plainHost is HOST or HOST:PORT without credentials; its second group is :PORT.
var plainHost = regexp.MustCompile(`^(\[[0-9a-fA-F:.]+\]|[^@:\[\]]+)(:[0-9]+)?$`)

// ambiguous says whether a password with a slash, or a path with an @, makes
// HOST:PORT and USER:PASSWORD look the same, as in rtsp://a:1/b@c.
func ambiguous(address string) bool {
	_, rest, _ := strings.Cut(address, "://")
	authority, path, _ := strings.Cut(rest, "/")
	m := plainHost.FindStringSubmatch(authority)
	return m != nil && m[2] != "" && strings.Contains(path, "@")
}

// redact takes the credentials out of an address, also those that some cameras
// want in path or query; anything else is returned as it is. A password with an
// unescaped @ or / makes an address ambiguous, and one that is no rtsp:// address
// may have it anywhere: then rather too much is taken out than too little.
func redact(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return s
	}
	if ambiguous(s) {
		return scheme + "://…"
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		if host, _, _ := strings.Cut(rest, "/"); !plainHost.MatchString(host) { // else the @ stands in the path
			rest = rest[at+1:]
		}
	}
	if src, err := pull.New(pull.Options{Address: scheme + "://" + rest, Clock: media.SystemClock{}}); err == nil {
		return src.String()
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end] + "/…"
	}
	return scheme + "://" + rest
}
