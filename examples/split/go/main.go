// Command clocks shows the time in some cities: a page at /, the same as JSON at /clocks.json.
package main

import (
	"encoding/json"
	"flag"
	"html/template"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	address := flag.String("listen", ":8080", "address to listen on")
	flag.Parse()
	cities, err := readCities("cities.json")
	if err != nil {
		log.Fatal(err)
	}
	page, err := template.ParseFiles("templates/clocks.html")
	if err != nil {
		log.Fatal(err)
	}

	http.Handle("/static/", http.StripPrefix("/static/", http.FileServer(http.Dir("static"))))
	http.HandleFunc("/clocks.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(clocksAt(cities, time.Now())); err != nil {
			log.Print(err)
		}
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		if err := page.Execute(w, clocksAt(cities, time.Now())); err != nil {
			log.Print(err)
		}
	})

	log.Printf("%d clocks on %s", len(cities), *address)
	server := http.Server{Addr: *address, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

func readCities(name string) ([]city, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var cities []city
	if err := json.Unmarshal(text, &cities); err != nil {
		return nil, err
	}
	for i := range cities {
		if cities[i].zone, err = time.LoadLocation(cities[i].Zone); err != nil {
			return nil, err
		}
	}
	return cities, nil
}
