package asr

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"hindsight/media"
)

// voskAnswer is what libvosk says as JSON; times are seconds.
type voskAnswer struct {
	Partial string `json:"partial"`
	Text    string `json:"text"`
	Result  []struct {
		Word  string  `json:"word"`
		Start float64 `json:"start"`
		End   float64 `json:"end"`
		Conf  float64 `json:"conf"`
	} `json:"result"`
}

// libvosk prints numbers as the C library does, which knows more than JSON.
var notJSON = regexp.MustCompile(`("(?:conf|start|end)"\s*:\s*)-?(?:nan|inf)\b`)

// parseVosk reads one answer of libvosk.
func parseVosk(text []byte, final bool) (Answer, error) {
	var v voskAnswer
	if err := json.Unmarshal(text, &v); err != nil {
		if err := json.Unmarshal(notJSON.ReplaceAll(text, []byte("${1}0")), &v); err != nil {
			return Answer{}, fmt.Errorf("libvosk answered %.200q: %w", text, err)
		}
	}
	if !final {
		// While nothing has begun libvosk answers {"text": ""} even here.
		return Answer{Partial: strings.TrimSpace(v.Partial)}, nil
	}
	a := Answer{Final: true}
	for _, r := range v.Result {
		word := strings.TrimSpace(r.Word)
		if word == "" {
			continue
		}
		start, end := seconds(r.Start), seconds(r.End)
		a.Words = append(a.Words, media.Word{
			Text: word, Start: start, End: max(start, end),
			Confidence: float32(min(max(r.Conf, 0), 1)), // sums of probabilities: 1.000001 is seen
		})
	}
	return a, nil
}

// seconds is s, 0 to a day, in whole microseconds.
func seconds(s float64) time.Duration {
	const day = 86400
	return time.Duration(min(max(s, 0), day)*1e6+0.5) * time.Microsecond
}
