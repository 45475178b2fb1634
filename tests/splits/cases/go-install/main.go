package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	place, err := time.LoadLocation(os.Getenv("CLOCK_ZONE"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(time.Unix(0, 0).In(place).Format(time.RFC3339))
}
