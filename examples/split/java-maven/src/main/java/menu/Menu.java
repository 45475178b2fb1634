package menu;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What a restaurant serves. */
record Menu(String name, List<Dish> dishes) {

    record Dish(String name, int cents, boolean vegetarian) {}

    static Menu read(Path file) throws IOException {
        try (Reader reader = Files.newBufferedReader(file)) {
            return new Gson().fromJson(reader, Menu.class);
        }
    }

    /** The dishes as JSON, only the vegetarian ones if that is asked for. */
    String json(boolean vegetarian) {
        return new Gson().toJson(dishes.stream().filter(dish -> dish.vegetarian() || !vegetarian).toList());
    }
}
