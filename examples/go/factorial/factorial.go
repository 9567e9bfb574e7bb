// A Go program as a task: one JSON object {"number": n} on standard input, one JSON object {"result": n!} on standard
// output. The same source builds for GOOS=wasip1 (Go 1.21 or newer) and for GOOS=js (1.18 or newer).
package main

import (
	"encoding/json"
	"errors"
	"os"
)

// 21! does not fit into 64 bits.
const largest = 20

type input struct {
	Number int64 `json:"number"`
}

type output struct {
	Result int64 `json:"result"`
}

func main() {
	if err := run(); err != nil {
		// Standard error is the task's log, and an exit code other than 0 makes the task fail.
		os.Stderr.WriteString("factorial: " + err.Error() + "\n")
		os.Exit(1)
	}
}

func run() error {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		return err
	}
	if in.Number < 0 || in.Number > largest {
		return errors.New("number must be from 0 to 20")
	}
	return json.NewEncoder(os.Stdout).Encode(output{Result: factorial(in.Number)})
}

func factorial(number int64) int64 {
	result := int64(1)
	for factor := int64(2); factor <= number; factor++ {
		result *= factor
	}
	return result
}
