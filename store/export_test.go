package store

// Crash leaves s as a killed process would: nothing is ended or closed but the
// lock, which the kernel takes from the dead.
func (s *Bolt) Crash() {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.lock.Close()
}
