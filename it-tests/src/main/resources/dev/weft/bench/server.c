// SPDX-License-Identifier: Apache-2.0
//
// The server of the benchmark as a plain C program: one thread, one level-triggered epoll, recv and send. This is about
// what the kernel costs, so it shows how far everything else is from the floor. It is also what the proxies lead to.
//
// server SCENARIO SIZE [THREADS, ignored] [BACKEND-PORT]: prints "listening PORT" and serves until its standard input
// ends.
#include "bench.h"
#include "sampler.h"

enum { BACKLOG = 4096, CHUNK = 64 * 1024, EVENTS = 512, HEADER = 8, SENDS = 4 };

enum input { TO_PEER, DROPPED, SAMPLED };

static const struct behaviour {
    const char *name;
    enum input input;
    bool two_writes, source, proxy;
} behaviours[] = {
    {.name = "echo"},
    {.name = "twowrites", .two_writes = true},
    {.name = "connect"},
    {.name = "idle"},
    {.name = "upload", .input = DROPPED},
    {.name = "download", .input = DROPPED, .source = true},
    {.name = "duplex", .input = DROPPED, .source = true},
    {.name = "proxy", .proxy = true},
    {.name = "proxymsg", .proxy = true},
    {.name = "sink", .input = SAMPLED}, // no scenario: what a proxy leads to
};

struct connection {
    int fd;
    struct connection *peer; // where what is read goes: the other side of a proxy, or the connection itself
    uint32_t events;         // that are watched
    size_t offset;           // twowrites, source: where in the current message, or in the bulk, the next byte belongs
    unsigned char *unsent;   // what the kernel did not take; while there is some, nothing is read from the peer
    size_t unsent_length;
    struct sampler input;
    struct connection *next_closed;
};

static int epoll, backend_port;
static size_t size;
static const struct behaviour *behaviour;
static unsigned char input[CHUNK];
static struct connection *closed; // freed after the events that may still name them

static void check(bool ok, const char *what) {
    if (ok) return;
    perror(what);
    exit(1);
}

static void watch(struct connection *c, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    int operation = c->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (events == c->events) return;
    c->events = events | EPOLLERR; // which is watched anyway: says that it was added
    check(epoll_ctl(epoll, operation, c->fd, &event) == 0, "epoll_ctl");
}

static void drop(struct connection *c) {
    if (c->fd < 0) return;
    close(c->fd);
    c->fd = -1;
    free(c->unsent);
    c->next_closed = closed;
    closed = c;
    drop(c->peer); // what it has not sent is lost: a client waits for its answers before it ends
}

static void free_closed(void) {
    while (closed != NULL) {
        struct connection *c = closed;
        closed = c->next_closed;
        free(c);
    }
}

// Sends what the kernel takes. Returns how much that was, or -1 if the connection is gone.
static ssize_t send_some(struct connection *c, const unsigned char *bytes, size_t length) {
    size_t sent = 0;
    while (sent < length) {
        size_t part = length - sent;
        if (behaviour->two_writes) {
            size_t to_cut = (c->offset < HEADER ? HEADER : size) - c->offset;
            if (part > to_cut) part = to_cut;
        }
        ssize_t n = send(c->fd, bytes + sent, part, MSG_NOSIGNAL);
        if (n < 0) return errno == EAGAIN ? (ssize_t)sent : -1;
        sent += (size_t)n;
        if (behaviour->two_writes) c->offset = (c->offset + (size_t)n) % size;
    }
    return (ssize_t)sent;
}

static void pass_on(struct connection *c, size_t length) {
    struct connection *to = c->peer;
    ssize_t sent = send_some(to, input, length);
    if (sent < 0) {
        drop(c);
    } else if ((size_t)sent < length) {
        to->unsent_length = length - (size_t)sent;
        to->unsent = malloc(to->unsent_length);
        check(to->unsent != NULL, "malloc");
        memcpy(to->unsent, input + sent, to->unsent_length);
        watch(c, c->events & ~(uint32_t)EPOLLIN);
        watch(to, to->events | EPOLLOUT);
    }
}

static void receive(struct connection *c) {
    ssize_t n = behaviour->input == SAMPLED ? receive_bulk(&c->input, c->fd) : recv(c->fd, input, CHUNK, 0);
    if (n == -1 && errno == EAGAIN) return;
    if (n == -2) printf("wrong bytes after %" PRIu64 "\n", c->input.received);
    if (n <= 0) drop(c);
    else if (behaviour->input == TO_PEER) pass_on(c, (size_t)n);
}

static void resume(struct connection *c) {
    ssize_t sent = send_some(c, c->unsent, c->unsent_length);
    if (sent < 0) {
        drop(c);
        return;
    }
    c->unsent_length -= (size_t)sent;
    memmove(c->unsent, c->unsent + sent, c->unsent_length);
    if (c->unsent_length > 0) return;
    free(c->unsent);
    c->unsent = NULL;
    watch(c, c->events & ~(uint32_t)EPOLLOUT);
    watch(c->peer, c->peer->events | EPOLLIN);
}

static void send_bulk(struct connection *c) {
    for (int i = 0; i < SENDS; i++) {
        ssize_t n = send_some(c, bulk + c->offset, CHUNK);
        if (n < 0) drop(c);
        if (n <= 0) return;
        c->offset = (c->offset + (size_t)n) % CHUNK;
    }
}

static struct connection *add(int fd) {
    struct connection *c = calloc(1, sizeof *c);
    int on = 1;
    check(c != NULL, "calloc");
    c->fd = fd;
    c->peer = c;
    check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "TCP_NODELAY");
    watch(c, EPOLLIN | (behaviour->source ? EPOLLOUT : 0));
    return c;
}

static int connect_to_backend(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)backend_port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(fd >= 0, "socket");
    check(connect(fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS, "connect");
    return fd;
}

static void accept_all(int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *c = add(fd);
        if (!behaviour->proxy) continue;
        c->peer = add(connect_to_backend());
        c->peer->peer = c;
    }
    check(errno == EAGAIN || errno == ECONNABORTED, "accept4");
}

static int listen_somewhere(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    check(fd >= 0, "socket");
    check(bind(fd, (struct sockaddr *)&address, length) == 0, "bind");
    check(listen(fd, BACKLOG) == 0, "listen");
    check(getsockname(fd, (struct sockaddr *)&address, &length) == 0, "getsockname");
    printf("listening %d\n", ntohs(address.sin_port));
    return fd;
}

static void serve(struct connection *listener, struct connection *control) {
    static struct epoll_event events[EVENTS];
    for (;;) {
        int n = epoll_wait(epoll, events, EVENTS, -1);
        check(n >= 0 || errno == EINTR, "epoll_wait");
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (c == control) return; // nothing is ever written there: it is the end
            if (c == listener) {
                accept_all(c->fd);
                continue;
            }
            if (c->fd >= 0 && events[i].events & EPOLLOUT) {
                if (behaviour->source) send_bulk(c);
                else resume(c);
            }
            if (c->fd >= 0 && events[i].events & EPOLLIN) receive(c);
            else if (c->fd >= 0 && events[i].events & (EPOLLERR | EPOLLHUP)) drop(c);
        }
        free_closed();
    }
}

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "usage: server SCENARIO SIZE [THREADS] [BACKEND-PORT]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof behaviours / sizeof *behaviours; i++) {
        if (strcmp(arguments[1], behaviours[i].name) == 0) behaviour = &behaviours[i];
    }
    if (behaviour == NULL) {
        printf("unavailable: no scenario %s here\n", arguments[1]);
        return 0;
    }
    size = strtoul(arguments[2], NULL, 10);
    backend_port = count > 4 ? atoi(arguments[4]) : 0;
    allow_many_descriptors(0);
    fill_bulk();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    check(epoll >= 0, "epoll_create1");
    struct connection control = {.fd = STDIN_FILENO}, listener = {.fd = listen_somewhere()};
    watch(&control, EPOLLIN);
    watch(&listener, EPOLLIN);
    serve(&listener, &control);
    return 0;
}
