// SPDX-License-Identifier: Apache-2.0
//
// The closed-loop load of the benchmark: N connections, K messages in flight on each, one thread, one epoll.
// Every byte that comes back is compared with what was sent; the latency of every message goes into a histogram.
// Prints one line, "name=value name=value ...", or a reason on stderr and a status other than 0.
//
// What keeps it cheaper than the server it drives: per message one recv and one send, no allocation, no timer, one
// clock reading (which goes through the vDSO), and a memcmp for the check. It prints its own CPU time beside the
// server's, so that a run in which it was the limit can be seen.
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

enum {
    PERIOD = 251,             // prime, so that neighbouring messages differ
    CHUNK = 256 * 1024,       // the most that one recv or send moves
    RAMP = 64,                // connections that may wait for their first answer: fewer than any backlog
    EVENTS = 512,
    SUB_BUCKETS = 64,         // per power of two: the histogram is right within 1 %
    BUCKETS = 60 * SUB_BUCKETS
};

static const int64_t SECOND = 1000000000;
static const int64_t PATIENCE = 10 * SECOND; // without a single answer: the server has stopped serving
static const uint64_t MOST_MESSAGES = 2000000000;

struct connection {
    int fd;
    bool wants_out;         // EPOLLOUT is registered
    uint64_t owed;          // bytes that belong on the wire
    uint64_t sent;          // bytes of them that the kernel has taken
    uint64_t received;
    uint64_t started;       // messages; the times of those in flight are in a ring of in_flight places
    uint64_t completed;
    uint64_t completed_before; // ... the measured part
};

struct point { // one end of the measured part
    int64_t time, server_cpu, own_cpu, machine_busy;
};

static int port;
static pid_t server;
static uint64_t connections, size, in_flight;
static int64_t warm_up, measured;

static int epoll;
static struct connection *table;
static int64_t *times; // in_flight per connection: when each message was begun
static unsigned char pattern[PERIOD + CHUNK], input[CHUNK];
static uint64_t histogram[BUCKETS], most_latency;
static uint64_t started, completed; // messages, all connections
static bool running, measuring;     // answers lead to new messages; latencies count

static void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static int64_t nanos(clockid_t clock) {
    struct timespec t;
    if (clock_gettime(clock, &t) != 0) die("clock_gettime: %s", strerror(errno));
    return t.tv_sec * SECOND + t.tv_nsec;
}

// User and system time of all threads of the server, ended ones included: what /proc/PID/stat shows, but in
// nanoseconds instead of ticks.
static int64_t server_cpu(void) {
    clockid_t clock;
    int error = clock_getcpuclockid(server, &clock);
    if (error != 0) die("the CPU clock of process %d: %s", (int)server, strerror(error));
    return nanos(clock);
}

// Everything that ran on the machine, and what the hypervisor took away: shows whether we were alone.
static int64_t machine_busy(void) {
    FILE *stat = fopen("/proc/stat", "r");
    uint64_t user, nice, system, idle, iowait, irq, softirq, steal;
    if (stat == NULL) die("/proc/stat: %s", strerror(errno));
    int fields = fscanf(stat, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                        " %" SCNu64, &user, &nice, &system, &idle, &iowait, &irq, &softirq, &steal);
    fclose(stat);
    if (fields != 8) die("/proc/stat does not begin with the sum of all processors");
    return (int64_t)(user + nice + system + irq + softirq + steal) * (SECOND / sysconf(_SC_CLK_TCK));
}

static struct point take_point(void) {
    return (struct point){nanos(CLOCK_MONOTONIC), server_cpu(), nanos(CLOCK_PROCESS_CPUTIME_ID), machine_busy()};
}

static int bucket_of(uint64_t value) {
    if (value < SUB_BUCKETS) return (int)value;
    int shift = 63 - __builtin_clzll(value) - 6;
    return shift * SUB_BUCKETS + (int)(value >> shift);
}

static uint64_t value_of(int bucket) { // the middle of the bucket
    if (bucket < 2 * SUB_BUCKETS) return (uint64_t)bucket;
    int shift = bucket / SUB_BUCKETS - 1;
    return ((uint64_t)(SUB_BUCKETS + bucket % SUB_BUCKETS) << shift) + (1ULL << shift) / 2;
}

static double percentile_micros(double fraction, uint64_t total) {
    uint64_t seen = 0;
    for (int i = 0; i < BUCKETS; i++) {
        seen += histogram[i];
        if (seen > 0 && (double)seen >= fraction * (double)total) return (double)value_of(i) / 1000;
    }
    return 0;
}

static const unsigned char *expected(const struct connection *c, uint64_t offset) {
    return pattern + (offset + 17 * (uint64_t)(c - table)) % PERIOD; // connections differ, so that mix-ups are seen
}

static int64_t *time_of(const struct connection *c, uint64_t message) {
    return &times[(uint64_t)(c - table) * in_flight + message % in_flight];
}

static void watch(struct connection *c, int operation, bool out) {
    struct epoll_event event = {.events = EPOLLIN | (out ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(epoll, operation, c->fd, &event) != 0) die("epoll_ctl: %s", strerror(errno));
    c->wants_out = out;
}

static void flush_owed(struct connection *c) {
    while (c->sent < c->owed) {
        uint64_t length = c->owed - c->sent < CHUNK ? c->owed - c->sent : CHUNK;
        ssize_t n = send(c->fd, expected(c, c->sent), length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            if (errno != EAGAIN) die("send: %s", strerror(errno));
            if (!c->wants_out) watch(c, EPOLL_CTL_MOD, true);
            return;
        }
        c->sent += (uint64_t)n;
    }
    if (c->wants_out) watch(c, EPOLL_CTL_MOD, false);
}

static void begin(struct connection *c, uint64_t messages, int64_t time) {
    for (uint64_t i = 0; i < messages; i++) *time_of(c, c->started++) = time;
    started += messages;
    c->owed += messages * size;
    flush_owed(c);
}

static void complete(struct connection *c, int64_t time) {
    uint64_t latency = (uint64_t)(time - *time_of(c, c->completed));
    c->completed++;
    completed++;
    if (!measuring) return;
    histogram[bucket_of(latency)]++;
    if (latency > most_latency) most_latency = latency;
}

static void receive(struct connection *c) {
    ssize_t n = recv(c->fd, input, CHUNK, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) die("recv: %s", strerror(errno));
    if (n == 0) die("the server closed a connection after %" PRIu64 " bytes", c->received);
    if (c->received + (uint64_t)n > c->sent) die("the server answered more than it was sent");
    if (memcmp(input, expected(c, c->received), (size_t)n) != 0) {
        die("wrong bytes between %" PRIu64 " and %" PRIu64, c->received, c->received + (uint64_t)n);
    }
    c->received += (uint64_t)n;
    uint64_t whole = c->received / size - c->completed;
    if (whole == 0) return;
    int64_t time = nanos(CLOCK_MONOTONIC);
    for (uint64_t i = 0; i < whole; i++) complete(c, time);
    if (running) begin(c, whole, time);
}

// Waits for what is ready and handles it. Returns the time. Ends the program if no answer came for too long.
static int64_t step(void) {
    static struct epoll_event events[EVENTS];
    static uint64_t completed_last;
    static int64_t last;
    int n = epoll_wait(epoll, events, EVENTS, 100);
    if (n < 0 && errno != EINTR) die("epoll_wait: %s", strerror(errno));
    for (int i = 0; i < n; i++) {
        struct connection *c = events[i].data.ptr;
        if (events[i].events & EPOLLOUT) flush_owed(c);
        if (events[i].events & ~(uint32_t)EPOLLOUT) receive(c);
    }
    int64_t time = nanos(CLOCK_MONOTONIC);
    if (completed != completed_last || last == 0) {
        completed_last = completed;
        last = time;
    }
    if (time - last > PATIENCE) {
        die("no answer for %d s; %" PRIu64 " of %" PRIu64 " messages answered", (int)(PATIENCE / SECOND), completed,
            started);
    }
    return time;
}

static void open_connection(struct connection *c) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket: %s", strerror(errno));
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0) die("connect: %s", strerror(errno));
    if (setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) die("TCP_NODELAY: %s", strerror(errno));
    watch(c, EPOLL_CTL_ADD, false);
    begin(c, 1, nanos(CLOCK_MONOTONIC));
}

// Opens all connections, each with one message that must be answered before the run begins.
static void ramp_up(void) {
    for (uint64_t i = 0; i < connections; i++) {
        while (started - completed >= RAMP) step();
        open_connection(&table[i]);
    }
    while (completed < started) step();
}

static void run_until(int64_t end) {
    while (step() < end && completed < MOST_MESSAGES) {}
}

static void report(struct point a, struct point b, int64_t ramp, uint64_t messages) {
    double elapsed = (double)(b.time - a.time), server_time = (double)(b.server_cpu - a.server_cpu);
    double own_time = (double)(b.own_cpu - a.own_cpu), all = (double)(b.machine_busy - a.machine_busy);
    uint64_t unserved = 0;
    for (uint64_t i = 0; i < connections; i++) unserved += table[i].completed == table[i].completed_before;
    printf("messages=%" PRIu64 " elapsedNanos=%.0f serverCpuNanos=%.0f loadCpuNanos=%.0f otherCpuNanos=%.0f", messages,
           elapsed, server_time, own_time, all - server_time - own_time);
    printf(" p50Micros=%.2f p99Micros=%.2f maxMicros=%.2f", percentile_micros(0.5, messages),
           percentile_micros(0.99, messages), (double)most_latency / 1000);
    printf(" rampNanos=%" PRId64 " unserved=%" PRIu64 "\n", ramp, unserved);
}

static void run(void) {
    int64_t begun = nanos(CLOCK_MONOTONIC);
    ramp_up();
    int64_t ramp = nanos(CLOCK_MONOTONIC) - begun;
    running = true;
    for (uint64_t i = 0; i < connections; i++) begin(&table[i], in_flight, nanos(CLOCK_MONOTONIC));
    run_until(nanos(CLOCK_MONOTONIC) + warm_up);

    for (uint64_t i = 0; i < connections; i++) table[i].completed_before = table[i].completed;
    struct point a = take_point();
    uint64_t before = completed;
    measuring = true;
    run_until(a.time + measured);
    struct point b = take_point();
    uint64_t messages = completed - before;
    measuring = running = false;

    while (completed < started) step();
    for (uint64_t i = 0; i < connections; i++) {
        if (recv(table[i].fd, input, 1, MSG_DONTWAIT) >= 0) die("the server answered more than it was sent");
        close(table[i].fd);
    }
    report(a, b, ramp, messages);
}

static uint64_t number(const char *name, const char *text, uint64_t least, uint64_t most) {
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno != 0 || *end != 0 || *text == 0 || *text == '-' || value < least || value > most) {
        die("%s must be between %" PRIu64 " and %" PRIu64 ": %s", name, least, most, text);
    }
    return value;
}

static void set_up(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit: %s", strerror(errno));
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) die("setrlimit: %s", strerror(errno));
    if (limit.rlim_max < connections + 16) {
        die("%" PRIu64 " connections, but only %" PRIu64 " descriptors", connections, (uint64_t)limit.rlim_max);
    }
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) die("epoll_create1: %s", strerror(errno));
    table = calloc(connections, sizeof *table);
    times = calloc(connections * in_flight, sizeof *times);
    if (table == NULL || times == NULL) die("no memory");
    for (int i = 0; i < PERIOD + CHUNK; i++) pattern[i] = (unsigned char)(i % PERIOD * 131 % PERIOD);
}

// load PORT SERVER-PID CONNECTIONS SIZE IN-FLIGHT WARM-UP-MILLIS MEASURED-MILLIS
int main(int count, char **arguments) {
    if (count != 8) die("usage: load PORT PID CONNECTIONS SIZE IN-FLIGHT WARM-UP-MILLIS MEASURED-MILLIS");
    port = (int)number("port", arguments[1], 1, 65535);
    server = (pid_t)number("pid", arguments[2], 1, INT32_MAX);
    connections = number("connections", arguments[3], 1, 60000);
    size = number("size", arguments[4], 1, 1 << 20);
    in_flight = number("in-flight", arguments[5], 1, 1024);
    warm_up = (int64_t)number("warm-up", arguments[6], 0, 60000) * 1000000;
    measured = (int64_t)number("measured", arguments[7], 1, 600000) * 1000000;
    alarm((unsigned)((warm_up + measured) / SECOND) + 60); // whatever happens
    set_up();
    run();
    return 0;
}
