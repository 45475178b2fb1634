package main

import (
	"testing"
	"time"
)

func TestClocks(t *testing.T) {
	cities, err := readCities("cities.json")
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2024, time.July, 1, 12, 0, 0, 0, time.UTC)
	for _, shown := range clocksAt(cities, noon) {
		if shown.City == "Tokyo" && (shown.Time != "21:00" || !shown.Night) {
			t.Errorf("%+v", shown)
		}
	}
}
