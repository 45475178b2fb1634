package main

import "time"

// A city, as cities.json has it.
type city struct {
	Name string `json:"name"`
	Zone string `json:"zone"`
	zone *time.Location
}

// What a clock shows.
type clock struct {
	City  string `json:"city"`
	Time  string `json:"time"`
	Day   string `json:"day"`
	Night bool   `json:"night"`
}

func clocksAt(cities []city, now time.Time) []clock {
	clocks := make([]clock, 0, len(cities))
	for _, city := range cities {
		there := now.In(city.zone)
		clocks = append(clocks, clock{
			City:  city.Name,
			Time:  there.Format("15:04"),
			Day:   there.Weekday().String(),
			Night: there.Hour() < 7 || there.Hour() >= 21,
		})
	}
	return clocks
}
