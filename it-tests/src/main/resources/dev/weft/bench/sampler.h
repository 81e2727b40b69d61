// SPDX-License-Identifier: Apache-2.0
//
// How bulk is received. It is apart from bench.h so that tls.h comes between.
#pragma once
#include "bench.h"

// A receiver of bulk compares the first MiB and then every 64th read; what is lost, doubled or mixed up shifts all that
// follows, so a look now and then finds it. The rest is thrown away by the kernel, uncopied (MSG_TRUNC, see tcp(7)).
struct sampler {
    uint64_t received, reads;
};

// As recv, but returns -2 after wrong bytes.
static inline ssize_t receive_bulk(struct sampler *s, int fd) {
    bool compare = s->received < 1 << 20 || s->reads % 64 == 0;
    static unsigned char input[BULK_CHUNK];
    ssize_t n = compare ? recv(fd, input, BULK_CHUNK, MSG_DONTWAIT)
                        : recv(fd, NULL, 16 * BULK_CHUNK, MSG_DONTWAIT | MSG_TRUNC);
    if (n <= 0) return n;
    if (compare && memcmp(input, bulk + s->received % BULK_CHUNK, (size_t)n) != 0) return -2;
    s->received += (uint64_t)n;
    s->reads++;
    return n;
}
