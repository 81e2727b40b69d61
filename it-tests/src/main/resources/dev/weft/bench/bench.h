// SPDX-License-Identifier: Apache-2.0
//
// What the C programs of the benchmark share: clocks, connections, and the bytes that bulk consists of.
#pragma once
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PERIOD = 251, BULK_CHUNK = 64 * 1024 };

static const int64_t SECOND = 1000000000;
static const int64_t PATIENCE = 10 * SECOND; // without any progress: the server has stopped serving

static void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static inline uint64_t number(const char *name, const char *text, uint64_t least, uint64_t most) {
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno != 0 || *end != 0 || *text == 0 || *text == '-' || value < least || value > most) {
        die("%s must be between %" PRIu64 " and %" PRIu64 ": %s", name, least, most, text);
    }
    return value;
}

// Byte i of what both sides know. Its period is a prime, so that neighbouring messages differ.
static inline unsigned char pattern_byte(uint64_t i) {
    return (unsigned char)(i % PERIOD * 131 % PERIOD);
}

// Bulk is the same 64 KiB again and again. Twice here, so that any part of it is in one piece.
static unsigned char bulk[2 * BULK_CHUNK];

static inline void fill_bulk(void) {
    for (int i = 0; i < 2 * BULK_CHUNK; i++) bulk[i] = pattern_byte(i % BULK_CHUNK);
}

static inline void allow_many_descriptors(uint64_t least) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit: %s", strerror(errno));
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) die("setrlimit: %s", strerror(errno));
    if (limit.rlim_max < least) {
        die("%" PRIu64 " descriptors needed, but only %" PRIu64 " allowed", least, (uint64_t)limit.rlim_max);
    }
}

static inline int64_t nanos(clockid_t clock) {
    struct timespec t;
    if (clock_gettime(clock, &t) != 0) die("clock_gettime: %s", strerror(errno));
    return t.tv_sec * SECOND + t.tv_nsec;
}

// User and system time of all threads of a process, ended ones included: what /proc/PID/stat shows, but in nanoseconds
// instead of ticks.
static inline int64_t cpu_of(pid_t process) {
    clockid_t clock;
    int error = clock_getcpuclockid(process, &clock);
    if (error != 0) die("the CPU clock of process %d: %s", (int)process, strerror(error));
    return nanos(clock);
}

// Everything that ran on the machine, and what the hypervisor took away: shows whether we were alone.
static inline int64_t machine_busy(void) {
    FILE *stat = fopen("/proc/stat", "r");
    uint64_t user, nice, system, idle, iowait, irq, softirq, steal;
    if (stat == NULL) die("/proc/stat: %s", strerror(errno));
    int fields = fscanf(stat, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                        " %" SCNu64, &user, &nice, &system, &idle, &iowait, &irq, &softirq, &steal);
    fclose(stat);
    if (fields != 8) die("/proc/stat does not begin with the sum of all processors");
    return (int64_t)(user + nice + system + irq + softirq + steal) * (SECOND / sysconf(_SC_CLK_TCK));
}

// What every load is told first: whom it loads, and who helps it.
struct target {
    int port;
    pid_t server, backend; // backend: the process that a proxy leads to, part of the load; 0 if there is none
};

static inline struct target target_of(char **arguments) {
    return (struct target){(int)number("port", arguments[0], 1, 65535),
                           (pid_t)number("server pid", arguments[1], 1, INT32_MAX),
                           (pid_t)number("backend pid", arguments[2], 0, INT32_MAX)};
}

struct point { // one end of the measured part
    int64_t time, server_cpu, load_cpu, machine_busy;
};

static inline struct point take_point(struct target t) {
    int64_t backend = t.backend == 0 ? 0 : cpu_of(t.backend);
    return (struct point){nanos(CLOCK_MONOTONIC), cpu_of(t.server), nanos(CLOCK_PROCESS_CPUTIME_ID) + backend,
                          machine_busy()};
}

static inline void print_times(struct point a, struct point b) {
    int64_t server = b.server_cpu - a.server_cpu, load = b.load_cpu - a.load_cpu;
    printf("elapsedNanos=%" PRId64 " serverCpuNanos=%" PRId64 " loadCpuNanos=%" PRId64 " otherCpuNanos=%" PRId64,
           b.time - a.time, server, load, b.machine_busy - a.machine_busy - server - load);
}

// Latencies, right within 1 %.
enum { SUB_BUCKETS = 64, BUCKETS = 60 * SUB_BUCKETS }; // SUB_BUCKETS per power of two

struct histogram {
    uint64_t count[BUCKETS], total, most;
};

static inline int bucket_of(uint64_t value) {
    if (value < SUB_BUCKETS) return (int)value;
    int shift = 63 - __builtin_clzll(value) - 6;
    return shift * SUB_BUCKETS + (int)(value >> shift);
}

static inline uint64_t value_of(int bucket) { // the middle of the bucket
    if (bucket < 2 * SUB_BUCKETS) return (uint64_t)bucket;
    int shift = bucket / SUB_BUCKETS - 1;
    return ((uint64_t)(SUB_BUCKETS + bucket % SUB_BUCKETS) << shift) + (1ULL << shift) / 2;
}

static inline void count_latency(struct histogram *h, uint64_t latency) {
    h->count[bucket_of(latency)]++;
    h->total++;
    if (latency > h->most) h->most = latency;
}

static inline double percentile_micros(const struct histogram *h, double fraction) {
    uint64_t seen = 0;
    for (int i = 0; i < BUCKETS; i++) {
        seen += h->count[i];
        if (seen > 0 && (double)seen >= fraction * (double)h->total) return (double)value_of(i) / 1000;
    }
    return 0;
}

static inline void print_latencies(const struct histogram *h) {
    printf(" p50Micros=%.2f p99Micros=%.2f maxMicros=%.2f", percentile_micros(h, 0.5), percentile_micros(h, 0.99),
           (double)h->most / 1000);
}

// Opens a connection to the server, from one of many addresses: each has ports of its own, so that they last although
// closed connections keep theirs for a minute (TIME_WAIT).
static inline int connect_from(uint32_t number_of_source, int port) {
    enum { SOURCES = 200 };
    struct sockaddr_in source = {.sin_family = AF_INET},
                       address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + number_of_source % SOURCES);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket: %s", strerror(errno));
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0) die("no port: %s", strerror(errno));
    if (bind(fd, (struct sockaddr *)&source, sizeof source) != 0) die("bind: %s", strerror(errno));
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) die("connect: %s", strerror(errno));
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) die("TCP_NODELAY: %s", strerror(errno));
    return fd;
}
