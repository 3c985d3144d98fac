package main

import (
	"context"
	"encoding/json"
	"fmt"

	"hindsight/appliance"
)

func check(_ context.Context, args []string, s io3) error {
	f := flags("check", "--data DIR [--json]", "Verifies every invariant of store/FORMAT.md and every checksum, of all cameras.\nIt only reads, and works beside a running server. Exit status 1: something is\nbroken.", s)
	data := f.String("data", "", "`directory` of the recording (default: as for serve)")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	dir, err := dataDir(*data)
	if err != nil {
		return err
	}
	report, err := appliance.Check(dir)
	if err != nil {
		return err
	}
	if *asJSON {
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		if err := e.Encode(report); err != nil {
			return err
		}
	} else {
		for _, line := range report.Lines() {
			fmt.Fprintln(s.out, line)
		}
	}
	if !report.Clean {
		return exitError(exitFailed)
	}
	return nil
}
