package departures;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalTime;
import java.util.List;
import org.apache.commons.csv.CSVFormat;

/** Which bus leaves where and when. */
record Timetable(List<Departure> departures) {

    record Departure(String stop, LocalTime time, String line) {
        @Override
        public String toString() {
            return time + " " + line + " from " + stop;
        }
    }

    static Timetable read(Path file) throws IOException {
        CSVFormat format = CSVFormat.DEFAULT.builder().setHeader().setSkipHeaderRecord(true).build();
        try (Reader reader = Files.newBufferedReader(file)) {
            return new Timetable(format.parse(reader).stream()
                    .map(row -> new Departure(row.get("stop"), LocalTime.parse(row.get("time")), row.get("line")))
                    .sorted((one, other) -> one.time().compareTo(other.time()))
                    .toList());
        }
    }

    List<Departure> after(String stop, LocalTime time) {
        return departures.stream().filter(one -> one.stop().equals(stop) && !one.time().isBefore(time)).toList();
    }
}
