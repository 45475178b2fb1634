package menu;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Answers {@code GET /dishes} and {@code GET /dishes?vegetarian} from {@code config/menu.json}. */
public final class Main {

    public static void main(String[] args) throws IOException {
        Menu menu = Menu.read(Path.of("config", "menu.json"));
        HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
        server.createContext("/dishes", exchange -> {
            boolean vegetarian = "vegetarian".equals(exchange.getRequestURI().getQuery());
            byte[] body = menu.json(vegetarian).getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            try (var out = exchange.getResponseBody()) {
                out.write(body);
            }
        });
        server.start();
        System.out.println(menu.name() + " on port 8080");
    }
}
