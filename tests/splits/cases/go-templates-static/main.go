package main

import (
	"html/template"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	page := template.Must(template.ParseFiles("templates/page.html"))
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		place, err := time.LoadLocation("Europe/Paris")
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		motto, err := os.ReadFile("data/motto.txt")
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		noon := time.Date(2024, 7, 1, 12, 0, 0, 0, time.UTC).In(place)
		page.Execute(w, map[string]string{"Noon": noon.Format(time.RFC3339), "Motto": string(motto)})
	})
	http.HandleFunc("/roots", func(w http.ResponseWriter, r *http.Request) {
		_, err := os.Stat("/etc/ssl/certs/ca-certificates.crt")
		w.Write([]byte(map[bool]string{true: "roots\n", false: "no roots\n"}[err == nil]))
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
