// SPDX-License-Identifier: Apache-2.0
//
// The echo server of the benchmark as a plain C program: one thread, one level-triggered epoll, recv and send. This is
// about what the kernel costs, so it shows how far everything else is from the floor.
//
// server SCENARIO SIZE [THREADS, ignored]: prints "listening PORT" and serves until its standard input ends.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096, CHUNK = 64 * 1024, EVENTS = 512, HEADER = 8 };

struct connection {
    int fd;
    size_t offset;         // twowrites: where in the current message the next byte belongs
    unsigned char *unsent; // what the kernel did not take; while there is some, nothing is read
    size_t unsent_length;
};

static int epoll;
static size_t size;
static bool two_writes;
static unsigned char input[CHUNK];

static void check(bool ok, const char *what) {
    if (ok) return;
    perror(what);
    exit(1);
}

static void watch(struct connection *c, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    check(epoll_ctl(epoll, operation, c->fd, &event) == 0, "epoll_ctl");
}

static void drop(struct connection *c) {
    close(c->fd);
    free(c->unsent);
    free(c);
}

// Sends what the kernel takes. Returns how much that was, or -1 if the connection is gone.
static ssize_t send_some(struct connection *c, const unsigned char *bytes, size_t length) {
    size_t sent = 0;
    while (sent < length) {
        size_t part = length - sent;
        if (two_writes) {
            size_t to_cut = (c->offset < HEADER ? HEADER : size) - c->offset;
            if (part > to_cut) part = to_cut;
        }
        ssize_t n = send(c->fd, bytes + sent, part, MSG_NOSIGNAL);
        if (n < 0) return errno == EAGAIN ? (ssize_t)sent : -1;
        sent += (size_t)n;
        if (two_writes) c->offset = (c->offset + (size_t)n) % size;
    }
    return (ssize_t)sent;
}

static void receive(struct connection *c) {
    ssize_t n = recv(c->fd, input, CHUNK, 0);
    if (n < 0 && errno == EAGAIN) return;
    ssize_t sent = n <= 0 ? -1 : send_some(c, input, (size_t)n);
    if (sent < 0) {
        drop(c);
    } else if (sent < n) {
        c->unsent_length = (size_t)(n - sent);
        c->unsent = malloc(c->unsent_length);
        check(c->unsent != NULL, "malloc");
        memcpy(c->unsent, input + sent, c->unsent_length);
        watch(c, EPOLL_CTL_MOD, EPOLLOUT);
    }
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
    watch(c, EPOLL_CTL_MOD, EPOLLIN);
}

static void accept_all(int listener) {
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *c = calloc(1, sizeof *c);
        check(c != NULL, "calloc");
        c->fd = fd;
        check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "TCP_NODELAY");
        watch(c, EPOLL_CTL_ADD, EPOLLIN);
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
    fflush(stdout);
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
            if (c == listener) accept_all(c->fd);
            else if (c->unsent_length > 0) resume(c);
            else receive(c);
        }
    }
}

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "usage: server SCENARIO SIZE\n");
        return 2;
    }
    two_writes = strcmp(arguments[1], "twowrites") == 0;
    if (!two_writes && strcmp(arguments[1], "echo") != 0) {
        printf("unavailable: no scenario %s here\n", arguments[1]);
        return 0;
    }
    size = strtoul(arguments[2], NULL, 10);
    struct rlimit limit;
    check(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    check(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
    epoll = epoll_create1(EPOLL_CLOEXEC);
    check(epoll >= 0, "epoll_create1");
    struct connection control = {.fd = STDIN_FILENO}, listener = {.fd = listen_somewhere()};
    watch(&control, EPOLL_CTL_ADD, EPOLLIN);
    watch(&listener, EPOLL_CTL_ADD, EPOLLIN);
    serve(&listener, &control);
    return 0;
}
