package recognise

import (
	"fmt"
	"strings"
)

const mb = 1_000_000

// reserve asks whether a recogniser that needs so many bytes finds room beside
// those that are just starting. If not, why is a sentence for a person. leave is
// called, as often as one likes, as soon as what it takes can be seen.
func (s *Service) reserve(need int64, models []string) (leave func(), why string) {
	s.room.Lock()
	defer s.room.Unlock()
	s.mu.Lock()
	var promised int64
	for _, n := range s.promised {
		promised += n
	}
	s.mu.Unlock()
	if s.o.Available != nil && need > 0 {
		if free, err := s.o.Available(); err == nil && need+promised > free {
			return func() {}, fmt.Sprintf("captions need about %d MB of memory for %s and %d MB are free; use a smaller model or fewer languages",
				(need+mb-1)/mb, strings.Join(models, ", "), max(free-promised, 0)/mb)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.promises++
	k := s.promises
	s.promised[k] = need
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.promised, k)
	}, ""
}
