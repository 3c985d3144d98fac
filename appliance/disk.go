package appliance

import (
	"fmt"
	"syscall"
)

// disk is how full the file system below a directory is, in bytes.
type disk struct{ total, free int64 }

// diskOf asks the file system. Free is what this user may still use.
func diskOf(dir string) (disk, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return disk{}, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return disk{total: int64(s.Blocks) * int64(s.Bsize), free: int64(s.Bavail) * int64(s.Bsize)}, nil
}

// reserve is what retention keeps free of d.
func (c *Config) reserve(d disk) int64 {
	return max(c.MinFreeBytes, d.total/100*int64(c.MinFreePercent))
}
