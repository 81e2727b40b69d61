// SPDX-License-Identifier: Apache-2.0
//
// The load of the benchmark that connects: N connections at a time, each of which sends one message, reads the answer,
// ends, waits for the server's end, and makes room for the next. Prints one line, "name=value name=value ...", or a
// reason on stderr and a status other than 0.
//
// The client ends first, so the ports that stay taken for a minute (TIME_WAIT) are the client's; it connects from many
// addresses, each of which has ports of its own, and so never runs out of them.
#include "bench.h"

enum { EVENTS = 256, MOST_SIZE = 64 * 1024 };

struct connection {
    int fd;
    uint64_t received;
    int64_t begun;
};

static struct target target;
static uint64_t connections, size;
static int64_t warm_up, measured;
static int epoll;
static struct connection *table;
static unsigned char message[MOST_SIZE];
static struct histogram latencies;
static uint64_t opened, completed;
static bool measuring;

static void open_connection(struct connection *c) {
    c->begun = nanos(CLOCK_MONOTONIC);
    c->received = 0;
    c->fd = connect_from((uint32_t)opened++, target.port);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) != 0) die("epoll_ctl: %s", strerror(errno));
    if (send(c->fd, message, size, MSG_NOSIGNAL) != (ssize_t)size) die("send: %s", strerror(errno));
}

// Returns whether the connection is at its end.
static bool receive(struct connection *c) {
    unsigned char input[MOST_SIZE];
    ssize_t n = recv(c->fd, input, sizeof input, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return false;
    if (n < 0) die("recv: %s", strerror(errno));
    if (c->received + (uint64_t)n > size) die("the server answered more than it was sent");
    if (memcmp(input, message + c->received, (size_t)n) != 0) die("wrong bytes after %" PRIu64, c->received);
    c->received += (uint64_t)n;
    if (n == 0 && c->received < size) die("the server closed a connection after %" PRIu64 " bytes", c->received);
    if (n > 0 && c->received == size && shutdown(c->fd, SHUT_WR) != 0) die("shutdown: %s", strerror(errno));
    return n == 0;
}

static int64_t step(bool running) {
    static struct epoll_event events[EVENTS];
    static uint64_t completed_last;
    static int64_t last;
    int n = epoll_wait(epoll, events, EVENTS, 100);
    if (n < 0 && errno != EINTR) die("epoll_wait: %s", strerror(errno));
    for (int i = 0; i < n; i++) {
        struct connection *c = events[i].data.ptr;
        if (!receive(c)) continue;
        close(c->fd);
        completed++;
        if (measuring) count_latency(&latencies, (uint64_t)(nanos(CLOCK_MONOTONIC) - c->begun));
        if (running) open_connection(c);
    }
    int64_t time = nanos(CLOCK_MONOTONIC);
    if (completed != completed_last || last == 0) {
        completed_last = completed;
        last = time;
    }
    if (time - last > PATIENCE) die("no connection ended for %d s, after %" PRIu64, (int)(PATIENCE / SECOND), completed);
    return time;
}

static void run_for(int64_t duration) {
    int64_t end = nanos(CLOCK_MONOTONIC) + duration;
    while (step(true) < end) {}
}

static void run(void) {
    for (uint64_t i = 0; i < connections; i++) open_connection(&table[i]);
    run_for(warm_up);
    struct point a = take_point(target);
    measuring = true;
    run_for(measured);
    measuring = false;
    struct point b = take_point(target);
    while (completed < opened) step(false);
    print_times(a, b);
    printf(" messages=%" PRIu64, latencies.total);
    print_latencies(&latencies);
    printf(" unserved=0\n"); // a connection that is not served holds up the end, and PATIENCE ends it
}

// connect PORT SERVER-PID BACKEND-PID CONNECTIONS SIZE WARM-UP-MILLIS MEASURED-MILLIS
int main(int count, char **arguments) {
    if (count != 8) die("usage: connect PORT PID BACKEND-PID CONNECTIONS SIZE WARM-UP-MILLIS MEASURED-MILLIS");
    target = target_of(arguments + 1);
    connections = number("connections", arguments[4], 1, 4000); // fewer than the backlog
    size = number("size", arguments[5], 1, MOST_SIZE);
    warm_up = (int64_t)number("warm-up", arguments[6], 0, 60000) * 1000000;
    measured = (int64_t)number("measured", arguments[7], 1, 600000) * 1000000;
    alarm((unsigned)((warm_up + measured) / SECOND) + 60); // whatever happens
    allow_many_descriptors(connections + 16);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) die("epoll_create1: %s", strerror(errno));
    table = calloc(connections, sizeof *table);
    if (table == NULL) die("no memory");
    for (int i = 0; i < MOST_SIZE; i++) message[i] = pattern_byte((uint64_t)i);
    run();
    return 0;
}
