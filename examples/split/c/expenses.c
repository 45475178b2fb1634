/* expenses [FILE]: what was spent on what, from lines of "date,category,amount". */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sqlite3 *db;

static void die(const char *what) {
    fprintf(stderr, "expenses: %s: %s\n", what, sqlite3_errmsg(db));
    exit(1);
}

/* Puts the lines of a file, the first one of which is a heading, into the table; returns how many there were. */
static int load(FILE *file) {
    sqlite3_stmt *insert;
    char line[512];
    int count = 0;

    if (sqlite3_prepare_v2(db, "INSERT INTO expenses VALUES (?, ?, ?)", -1, &insert, NULL) != SQLITE_OK)
        die("insert");
    if (!fgets(line, sizeof line, file))
        return 0;
    while (fgets(line, sizeof line, file)) {
        char *date = strtok(line, ","), *category = strtok(NULL, ","), *amount = strtok(NULL, ",\r\n");
        if (!amount)
            continue;
        sqlite3_bind_text(insert, 1, date, -1, SQLITE_TRANSIENT);
        sqlite3_bind_text(insert, 2, category, -1, SQLITE_TRANSIENT);
        sqlite3_bind_double(insert, 3, atof(amount));
        if (sqlite3_step(insert) != SQLITE_DONE)
            die("insert");
        sqlite3_reset(insert);
        count++;
    }
    sqlite3_finalize(insert);
    return count;
}

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "expenses.csv";
    FILE *file = fopen(name, "r");
    sqlite3_stmt *sums;
    int count;

    if (!file) {
        perror(name);
        return 1;
    }
    if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
        sqlite3_exec(db, "CREATE TABLE expenses (date TEXT, category TEXT, amount REAL)", NULL, NULL, NULL) != SQLITE_OK)
        die("open");
    count = load(file);
    fclose(file);

    if (sqlite3_prepare_v2(db,
                           "SELECT substr(date, 1, 7), category, sum(amount) FROM expenses GROUP BY 1, 2 ORDER BY 1, 3 DESC",
                           -1, &sums, NULL) != SQLITE_OK)
        die("select");
    while (sqlite3_step(sums) == SQLITE_ROW)
        printf("%s %-12s %9.2f\n", (const char *)sqlite3_column_text(sums, 0),
               (const char *)sqlite3_column_text(sums, 1), sqlite3_column_double(sums, 2));
    printf("%d expenses in %s\n", count, name);
    sqlite3_finalize(sums);
    sqlite3_close(db);
    return 0;
}
