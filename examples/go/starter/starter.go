// Greets. A task's inputs are one JSON object on standard input; its outputs are the JSON object that it prints.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

type input struct {
	Name string `json:"name"`
}

type output struct {
	Result string `json:"result"`
}

func main() {
	if err := run(); err != nil {
		// Standard error is the task's log, and an exit code other than 0 makes the task fail.
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(output{Result: "Hello, " + in.Name + "!"})
}
