// SPDX-License-Identifier: Apache-2.0
// Demo programs, and the tests through the public API.
open module dev.weft.it {
    requires dev.weft.net;
    requires io.netty.buffer;
    requires io.netty.common;
    requires io.netty.handler;
    requires io.netty.transport;
    requires io.netty.transport.classes.epoll;
    requires io.netty.transport.unix.common;
    requires io.vertx.core;
    requires jdk.management;
    // The tests compile the programs of README.md.
    requires java.compiler;
    // Not used by name, and it exports nothing: as a required module it is on the module path, where the tests cannot see inside.
    requires dev.weft.net.loom;
    requires dev.weft.net.tls;
    requires dev.weft.net.unix;
    // The tests duplicate descriptors with it.
    requires org.newsclub.net.unix;
}
