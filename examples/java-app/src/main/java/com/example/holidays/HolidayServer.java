package com.example.holidays;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.Year;
import java.util.Locale;
import java.util.Map;
import java.util.MissingResourceException;
import java.util.ResourceBundle;
import java.util.TreeMap;
import java.util.concurrent.Executors;

/** Answers {@code GET /holidays/{year}} with the movable Christian holidays of a year, in the caller's language. */
public final class HolidayServer {
    private static final Map<String, Integer> DAYS_AFTER_EASTER = Map.of(
            "good_friday", -2, "easter_sunday", 0, "easter_monday", 1, "ascension", 39, "whit_monday", 50);

    private HolidayServer() {}

    /** Easter Sunday in the Gregorian calendar, by the anonymous algorithm (Meeus, Jones, Butcher). */
    static LocalDate easter(int year) {
        int a = year % 19;
        int b = year / 100;
        int c = year % 100;
        int d = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
        int e = (32 + 2 * (b % 4) + 2 * (c / 4) - d - c % 4) % 7;
        int f = d + e - 7 * ((a + 11 * d + 22 * e) / 451) + 114;
        return LocalDate.of(year, f / 31, f % 31 + 1);
    }

    static String holidays(int year, Locale locale) {
        ResourceBundle names = names(locale);
        LocalDate easter = easter(year);
        Map<LocalDate, String> days = new TreeMap<>();
        DAYS_AFTER_EASTER.forEach((key, offset) ->
                days.put(easter.plusDays(offset), names == null ? key : names.getString(key)));

        StringBuilder text = new StringBuilder();
        days.forEach((day, name) -> text.append(day).append('\t').append(name).append('\n'));
        return text.toString();
    }

    /** The translations are a jar of their own; without it, the keys stand for the names. */
    private static ResourceBundle names(Locale locale) {
        try {
            return ResourceBundle.getBundle(
                    "holidays", locale, ResourceBundle.Control.getNoFallbackControl(ResourceBundle.Control.FORMAT_DEFAULT));
        } catch (MissingResourceException e) {
            return null;
        }
    }

    private static Locale localeOf(HttpExchange exchange) {
        String accepted = exchange.getRequestHeaders().getFirst("Accept-Language");
        if (accepted == null) {
            return Locale.ENGLISH;
        }
        try {
            return Locale.LanguageRange.parse(accepted).stream()
                    .map(range -> Locale.forLanguageTag(range.getRange()))
                    .findFirst()
                    .orElse(Locale.ENGLISH);
        } catch (IllegalArgumentException e) {
            return Locale.ENGLISH;
        }
    }

    private static void send(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
        exchange.sendResponseHeaders(status, body.length);
        try (var out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    private static void handleHolidays(HttpExchange exchange) throws IOException {
        String last = exchange.getRequestURI().getPath().substring("/holidays/".length());
        int year;
        try {
            year = last.isEmpty() ? Year.now().getValue() : Integer.parseInt(last);
        } catch (NumberFormatException e) {
            year = -1;
        }
        if (year < 1583 || year > 9999) {
            send(exchange, 400, "a year from 1583 to 9999, please\n");
            return;
        }
        send(exchange, 200, holidays(year, localeOf(exchange)));
    }

    public static void main(String[] args) throws IOException {
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8080"));
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
        server.createContext("/holidays/", HolidayServer::handleHolidays);
        server.createContext("/healthz", exchange -> send(exchange, 200, "ok\n"));
        server.setExecutor(Executors.newFixedThreadPool(4));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop(1)));
        server.start();
        System.out.println("holidays listening on " + port);
    }
}
