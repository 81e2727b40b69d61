// SPDX-License-Identifier: Apache-2.0
//
// Has a load of the benchmark speak TLS 1.3: include it before the load. What that calls for a socket is done by OpenSSL
// here, with one cipher suite, so that it is the same for all servers. Nothing is resumed: each handshake is a full one.
// The server's certificate is made for the run and not judged; that the server has its key is checked as ever.
//
// link: -lssl -lcrypto
#pragma once
#include "bench.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/sendfile.h>
#if __has_include(<openssl/ssl.h>)
#include <openssl/err.h>
#include <openssl/ssl.h>
#else
#error "no openssl/ssl.h here (Debian: libssl-dev)"
#endif

enum { MOST_DESCRIPTORS = 65536, RECORD = 16 * 1024 };

struct secured {
    SSL *ssl;
    bool ended;          // by us
    bool early;          // was said to be sent, and waits for the handshake
    const void *waiting; // what the last write had to leave
    size_t length;
};

static struct secured secured[MOST_DESCRIPTORS]; // by descriptor

static void tls_failed(const char *what, int fd, int result) {
    int error = SSL_get_error(secured[fd].ssl, result);
    const char *reason = error == SSL_ERROR_SYSCALL ? strerror(errno) : ERR_reason_error_string(ERR_peek_error());
    die("TLS, %s: %s", what, reason == NULL ? "failed" : reason);
}

static SSL_CTX *tls_context(void) {
    static SSL_CTX *context;
    if (context != NULL) return context;
    signal(SIGPIPE, SIG_IGN);
    context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ||
        !SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384") || !SSL_CTX_set1_groups_list(context, "X25519")) {
        die("OpenSSL does not do TLS 1.3 as we want it");
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF); // Netty and Vert.x answer our end without close_notify
    SSL_CTX_set_read_ahead(context, 1); // a record in one system call, not two
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

// The handshake has begun when it returns; reading goes on with it.
static int tls_connect_from(uint32_t number_of_source, int port) {
    int fd = connect_from(number_of_source, port);
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) die("O_NONBLOCK: %s", strerror(errno));
    secured[fd] = (struct secured){.ssl = SSL_new(tls_context())};
    if (secured[fd].ssl == NULL || !SSL_set_fd(secured[fd].ssl, fd)) die("no memory for TLS");
    SSL_set_connect_state(secured[fd].ssl);
    int result = SSL_do_handshake(secured[fd].ssl);
    if (result != 1 && SSL_get_error(secured[fd].ssl, result) != SSL_ERROR_WANT_READ) {
        tls_failed("handshake", fd, result);
    }
    return fd;
}

// As send: -1 and EAGAIN if the kernel is full, or the handshake not done.
static ssize_t tls_write(int fd, const void *from, size_t length) {
    struct secured *s = &secured[fd];
    int n = SSL_write(s->ssl, from, (int)length);
    if (n > 0) {
        s->waiting = NULL;
        return n;
    }
    int error = SSL_get_error(s->ssl, n);
    if (error != SSL_ERROR_WANT_WRITE && error != SSL_ERROR_WANT_READ) tls_failed("write", fd, n);
    s->waiting = from;
    s->length = length;
    errno = EAGAIN;
    return -1;
}

// The same, but takes all before the handshake is done, as a socket takes what its buffer holds. It must stay unchanged.
static ssize_t tls_send(int fd, const void *from, size_t length) {
    ssize_t n = tls_write(fd, from, length);
    if (n > 0 || SSL_is_init_finished(secured[fd].ssl)) return n;
    secured[fd].early = true;
    return (ssize_t)length;
}

// As recv, but for many records at once: all that OpenSSL has read already, since nothing would announce it again.
static ssize_t tls_recv(int fd, void *into, size_t length) {
    struct secured *s = &secured[fd];
    static unsigned char dropped[256 * 1024];
    if (into == NULL) {
        into = dropped;
        length = sizeof dropped;
    }
    if (s->early && SSL_do_handshake(s->ssl) == 1) {
        s->early = false;
        if (tls_write(fd, s->waiting, s->length) != (ssize_t)s->length) die("the kernel does not take a first message");
    }
    if (s->ended && !SSL_is_init_finished(s->ssl)) {
        ssize_t n;
        while ((n = read(fd, dropped, sizeof dropped)) > 0) {}
        return n;
    }
    size_t taken = 0;
    do {
        int n = SSL_read(s->ssl, (unsigned char *)into + taken, (int)(length - taken));
        if (n <= 0) {
            int error = SSL_get_error(s->ssl, n);
            if (error == SSL_ERROR_ZERO_RETURN) return (ssize_t)taken;
            if (error != SSL_ERROR_WANT_READ) tls_failed("read", fd, n);
            if (taken > 0) return (ssize_t)taken;
            errno = EAGAIN;
            return -1;
        }
        taken += (size_t)n;
    } while (length - taken >= RECORD && SSL_has_pending(s->ssl));
    return (ssize_t)taken;
}

// Ends with close_notify, and with the whole of a record that has begun: what is cut off is an error elsewhere.
static int tls_shutdown(int fd) {
    struct secured *s = &secured[fd];
    s->ended = true;
    if (!SSL_is_init_finished(s->ssl)) return shutdown(fd, SHUT_WR); // never served: the load counts that
    if (fcntl(fd, F_SETFL, 0) != 0) return -1;
    if (s->waiting != NULL && tls_write(fd, s->waiting, s->length) < 0) return -1;
    int result = SSL_shutdown(s->ssl);
    if (result < 0) tls_failed("close_notify", fd, result);
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return -1;
    return shutdown(fd, SHUT_WR);
}

// As close; ends first if that was not done, and waits for the other side's end, which would hit a closed socket.
static int tls_close(int fd) {
    SSL *ssl = secured[fd].ssl;
    if (!secured[fd].ended) {
        struct timeval patience = {.tv_sec = 2};
        char input[1024];
        if (tls_shutdown(fd) != 0 || fcntl(fd, F_SETFL, 0) != 0) return -1;
        if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) return -1;
        while (read(fd, input, sizeof input) > 0) {}
    }
    SSL_free(ssl);
    secured[fd] = (struct secured){0};
    return close(fd);
}

#define connect_from(source, port) tls_connect_from(source, port)
#define send(fd, from, length, flags) tls_send(fd, from, length)
#define sendfile(fd, file, offset, length) tls_write(fd, bulk + *(offset), length)
#define recv(fd, into, length, flags) tls_recv(fd, into, length)
#define shutdown(fd, how) tls_shutdown(fd)
#define close(fd) tls_close(fd)
