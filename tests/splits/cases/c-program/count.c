#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    printf("root %.1f\n", sqrt(argc > 1 ? atof(argv[1]) : 0));
    return 0;
}
