package departures;

import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalTime;

/** {@code departures STOP [HH:MM]}: what leaves there from then on, from now on if nothing is said. */
public final class Main {

    public static void main(String[] args) throws IOException {
        if (args.length == 0 || args.length > 2) {
            System.err.println("usage: departures STOP [HH:MM]");
            System.exit(2);
        }
        LocalTime time = args.length == 2 ? LocalTime.parse(args[1]) : LocalTime.now();
        var next = Timetable.read(Path.of("data", "timetable.csv")).after(args[0], time);
        next.forEach(System.out::println);
        if (next.isEmpty()) {
            System.out.println("nothing leaves any more");
        }
    }
}
