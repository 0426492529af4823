/* Preloaded, it makes each fsync and fdatasync 2 ms slower: a disk as clouds have them. DOSSIER_SYNC_DELAY_US says how
 * much slower. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void delay(void) {
    const char* given = getenv("DOSSIER_SYNC_DELAY_US");
    const long micros = given ? atol(given) : 2000;
    const struct timespec span = {micros / 1000000, micros % 1000000 * 1000};
    nanosleep(&span, NULL);
}

int fsync(int file) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    delay();
    return real(file);
}

int fdatasync(int file) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    delay();
    return real(file);
}
