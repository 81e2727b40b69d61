// SPDX-License-Identifier: Apache-2.0
//
// The load of the benchmark that comes in bulk: N connections that send as much as the server takes, or read as much as
// it writes, or both; one thread, one epoll. Prints one line, "name=value name=value ...", or a reason on stderr and a
// status other than 0.
//
// What keeps it cheaper than the server it drives: it copies nothing. It sends pages of a file in memory (sendfile), and
// has the kernel throw away what arrives (MSG_TRUNC), but for the samples that it compares. Only the messages of the
// scenario foreign are looked at one by one.
#include "bench.h"
#include "sampler.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

enum {
    EVENTS = 256,
    SENDS = 4,         // at most, to one connection, before the next one has its turn
    MESSAGE = 64,      // foreign: writer (4 bytes), its how manieth message on this connection (4 bytes), filling
    WRITERS = 4
};

static const int64_t END_PATIENCE = 2000000000; // until the server has seen that the client ended

struct connection {
    int fd;
    uint64_t sent, moved_before;     // moved_before: bytes, both ways, before the measured part
    struct sampler input;
    uint32_t next[WRITERS];          // foreign: the number of the next message of each writer
    unsigned char begun[MESSAGE];    // foreign: the first part of a message whose end has not arrived
    size_t begun_length;
};

static struct target target;
static uint64_t connections;
static int64_t warm_up, measured;
static bool sends, receives, messages; // messages: what arrives is messages of foreign writers
static int epoll, file;
static struct connection *table;
static uint64_t moved, whole, open_count; // bytes both ways; whole messages; connections that the server has not ended

static void watch(struct connection *c, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(epoll, operation, c->fd, &event) != 0) die("epoll_ctl: %s", strerror(errno));
}

static void send_bulk(struct connection *c) {
    for (int i = 0; i < SENDS; i++) {
        off_t offset = (off_t)(c->sent % BULK_CHUNK);
        ssize_t n = sendfile(c->fd, file, &offset, BULK_CHUNK);
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) die("send: %s", strerror(errno));
        c->sent += (uint64_t)n;
        moved += (uint64_t)n;
        if (n < BULK_CHUNK) return; // the kernel is full
    }
}

static void take_message(struct connection *c, const unsigned char *message) {
    uint32_t writer, sequence;
    memcpy(&writer, message, sizeof writer);
    memcpy(&sequence, message + sizeof writer, sizeof sequence);
    writer = ntohl(writer);
    sequence = ntohl(sequence);
    if (writer >= WRITERS) die("a message of no writer: %" PRIu32, writer);
    if (sequence != c->next[writer]) {
        die("message %" PRIu32 " of writer %" PRIu32 " where %" PRIu32 " should be", sequence, writer, c->next[writer]);
    }
    for (int i = 8; i < MESSAGE; i++) {
        if (message[i] != (unsigned char)sequence) die("wrong bytes in message %" PRIu32, sequence);
    }
    c->next[writer]++;
    whole++;
}

static ssize_t receive_messages(struct connection *c) {
    static unsigned char input[MESSAGE + BULK_CHUNK];
    memcpy(input, c->begun, c->begun_length);
    ssize_t n = recv(c->fd, input + c->begun_length, BULK_CHUNK, MSG_DONTWAIT);
    if (n <= 0) return n;
    size_t length = c->begun_length + (size_t)n, taken = 0;
    for (; length - taken >= MESSAGE; taken += MESSAGE) take_message(c, input + taken);
    c->begun_length = length - taken;
    memcpy(c->begun, input + taken, c->begun_length);
    c->input.received += (uint64_t)n;
    return n;
}

// Returns false at the end of the connection.
static bool receive(struct connection *c) {
    ssize_t n = messages ? receive_messages(c) : receive_bulk(&c->input, c->fd);
    if (n == -2) die("wrong bytes after %" PRIu64, c->input.received);
    if (n < 0 && errno != EAGAIN) die("recv: %s", strerror(errno));
    if (n > 0 && !receives) die("the server sent something");
    if (n > 0) moved += (uint64_t)n;
    return n != 0;
}

// Waits for what is ready and handles it. Returns the time. Ends the program if nothing moved for too long.
static int64_t step(bool running) {
    static struct epoll_event events[EVENTS];
    static uint64_t progress_last;
    static int64_t last;
    int n = epoll_wait(epoll, events, EVENTS, 100);
    if (n < 0 && errno != EINTR) die("epoll_wait: %s", strerror(errno));
    for (int i = 0; i < n; i++) {
        struct connection *c = events[i].data.ptr;
        if (running && events[i].events & EPOLLOUT) send_bulk(c);
        if ((events[i].events & ~(uint32_t)EPOLLOUT) == 0 || receive(c)) continue;
        if (running) die("the server ended a connection after %" PRIu64 " bytes", c->sent + c->input.received);
        close(c->fd);
        open_count--;
    }
    int64_t time = nanos(CLOCK_MONOTONIC);
    if (moved + connections - open_count != progress_last || last == 0) {
        progress_last = moved + connections - open_count;
        last = time;
    }
    if (time - last > PATIENCE) {
        die("nothing moved for %d s, after %" PRIu64 " bytes; %" PRIu64 " connections not ended", (int)(PATIENCE / SECOND),
            moved, open_count);
    }
    return time;
}

static void run_for(int64_t duration) {
    int64_t end = nanos(CLOCK_MONOTONIC) + duration;
    while (step(true) < end) {}
}

static void run(void) {
    for (; open_count < connections; open_count++) {
        struct connection *c = &table[open_count];
        c->fd = connect_from((uint32_t)open_count, target.port);
        if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0) die("O_NONBLOCK: %s", strerror(errno));
        watch(c, EPOLL_CTL_ADD, EPOLLIN | (sends ? EPOLLOUT : 0));
    }
    run_for(warm_up);

    for (uint64_t i = 0; i < connections; i++) table[i].moved_before = table[i].sent + table[i].input.received;
    struct point a = take_point(target);
    uint64_t bytes = moved, count = whole, unserved = 0;
    run_for(measured);
    struct point b = take_point(target);
    bytes = moved - bytes;
    count = whole - count;
    for (uint64_t i = 0; i < connections; i++) {
        unserved += table[i].sent + table[i].input.received == table[i].moved_before;
    }

    // We end, and so does the server, be it in the middle of a message.
    for (uint64_t i = 0; i < connections; i++) {
        if (shutdown(table[i].fd, SHUT_WR) != 0) die("shutdown: %s", strerror(errno));
        watch(&table[i], EPOLL_CTL_MOD, EPOLLIN);
    }
    int64_t end = nanos(CLOCK_MONOTONIC) + END_PATIENCE;
    while (open_count > 0 && step(false) < end) {}
    print_times(a, b);
    printf(" bytes=%" PRIu64 " messages=%" PRIu64 " totalBytes=%" PRIu64 " unserved=%" PRIu64 " unended=%" PRIu64 "\n",
           bytes, count, moved, unserved, open_count);
}

static void set_up(void) {
    allow_many_descriptors(connections + 16);
    signal(SIGPIPE, SIG_IGN);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) die("epoll_create1: %s", strerror(errno));
    table = calloc(connections, sizeof *table);
    if (table == NULL) die("no memory");
    fill_bulk();
    file = memfd_create("bulk", MFD_CLOEXEC);
    if (file < 0 || write(file, bulk, sizeof bulk) != sizeof bulk) die("memfd: %s", strerror(errno));
}

// bulk PORT SERVER-PID BACKEND-PID upload|download|duplex|foreign CONNECTIONS WARM-UP-MILLIS MEASURED-MILLIS
int main(int count, char **arguments) {
    if (count != 8) die("usage: bulk PORT PID BACKEND-PID MODE CONNECTIONS WARM-UP-MILLIS MEASURED-MILLIS");
    target = target_of(arguments + 1);
    const char *mode = arguments[4];
    messages = strcmp(mode, "foreign") == 0;
    sends = strcmp(mode, "upload") == 0 || strcmp(mode, "duplex") == 0;
    receives = strcmp(mode, "download") == 0 || strcmp(mode, "duplex") == 0 || messages;
    if (!sends && !receives) die("no mode %s", mode);
    connections = number("connections", arguments[5], 1, 60000);
    warm_up = (int64_t)number("warm-up", arguments[6], 0, 60000) * 1000000;
    measured = (int64_t)number("measured", arguments[7], 1, 600000) * 1000000;
    alarm((unsigned)((warm_up + measured) / SECOND) + 60); // whatever happens
    set_up();
    run();
    return 0;
}
