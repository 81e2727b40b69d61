// SPDX-License-Identifier: Apache-2.0
//
// load.c, over Unix sockets. What the servers call their port is a number in the name of their socket, see UnixPath.java.
#include "bench.h"
#include <sys/un.h>

static int connect_to_path(int number) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *directory = getenv("TMPDIR");
    snprintf(address.sun_path, sizeof address.sun_path, "%s/weft-bench-%d.sock", directory ? directory : "/tmp", number);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket: %s", strerror(errno));
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        die("connect to %s: %s", address.sun_path, strerror(errno));
    }
    return fd;
}

#define connect_from(source, port) connect_to_path(port)
#include "load.c"
