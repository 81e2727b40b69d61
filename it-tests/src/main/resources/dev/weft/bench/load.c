// SPDX-License-Identifier: Apache-2.0
//
// The closed-loop load of the benchmark: N connections, K messages in flight on each, one thread, one epoll.
// Every byte that comes back is compared with what was sent; the latency of every message goes into a histogram.
// Prints one line, "name=value name=value ...", or a reason on stderr and a status other than 0.
//
// What keeps it cheaper than the server it drives: per message one recv and one send, no allocation, no timer, one
// clock reading (which goes through the vDSO), and a memcmp for the check. It prints its own CPU time beside the
// server's, so that a run in which it was the limit can be seen.
#include "bench.h"

enum {
    CHUNK = 256 * 1024, // the most that one recv or send moves
    RAMP = 64,          // connections that may wait for their first answer: fewer than any backlog
    EVENTS = 512
};

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

static struct target target;
static uint64_t connections, size, in_flight;
static int64_t warm_up, measured;

static int epoll;
static struct connection *table;
static int64_t *times; // in_flight per connection: when each message was begun
static unsigned char pattern[PERIOD + CHUNK], input[CHUNK];
static struct histogram latencies;
static uint64_t started, completed; // messages, all connections
static bool running, measuring;     // answers lead to new messages; latencies count

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
    if (measuring) count_latency(&latencies, latency);
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
    c->fd = connect_from((uint32_t)(c - table), target.port);
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

static void report(struct point a, struct point b, int64_t ramp) {
    uint64_t unserved = 0;
    for (uint64_t i = 0; i < connections; i++) unserved += table[i].completed == table[i].completed_before;
    print_times(a, b);
    printf(" messages=%" PRIu64, latencies.total);
    print_latencies(&latencies);
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
    struct point a = take_point(target);
    measuring = true;
    run_until(a.time + measured);
    struct point b = take_point(target);
    measuring = running = false;

    while (completed < started) step();
    for (uint64_t i = 0; i < connections; i++) {
        if (recv(table[i].fd, input, 1, MSG_DONTWAIT) >= 0) die("the server answered more than it was sent");
        close(table[i].fd);
    }
    report(a, b, ramp);
}

static void set_up(void) {
    allow_many_descriptors(connections + 16);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) die("epoll_create1: %s", strerror(errno));
    table = calloc(connections, sizeof *table);
    times = calloc(connections * in_flight, sizeof *times);
    if (table == NULL || times == NULL) die("no memory");
    for (int i = 0; i < PERIOD + CHUNK; i++) pattern[i] = pattern_byte((uint64_t)i);
}

// load PORT SERVER-PID BACKEND-PID CONNECTIONS SIZE IN-FLIGHT WARM-UP-MILLIS MEASURED-MILLIS
int main(int count, char **arguments) {
    if (count != 9) die("usage: load PORT PID BACKEND-PID CONNECTIONS SIZE IN-FLIGHT WARM-UP-MILLIS MEASURED-MILLIS");
    target = target_of(arguments + 1);
    connections = number("connections", arguments[4], 1, 60000);
    size = number("size", arguments[5], 1, 1 << 20);
    in_flight = number("in-flight", arguments[6], 1, 1024);
    warm_up = (int64_t)number("warm-up", arguments[7], 0, 60000) * 1000000;
    measured = (int64_t)number("measured", arguments[8], 1, 600000) * 1000000;
    alarm((unsigned)((warm_up + measured) / SECOND) + 60); // whatever happens
    set_up();
    run();
    return 0;
}
