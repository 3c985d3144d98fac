package store

// Crash leaves s as a killed process would: nothing more is written, and the
// kernel takes lock, files and maps from the dead.
func (s *Bolt) Crash() {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	if s.live != nil {
		s.live.db.Close()
		s.live.f.Close()
	}
	s.lock.Close()
}
