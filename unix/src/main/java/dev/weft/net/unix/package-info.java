// SPDX-License-Identifier: Apache-2.0
/**
 * What Unix adds to weft. Path sockets need nothing but this module on the path: {@code server.listen("/run/app.sock")},
 * {@code stream.connect("/run/app.sock")}. The rest has its own types:
 *
 * <ul>
 *   <li>{@link dev.weft.net.unix.SystemdActivation}: the descriptors that systemd has handed over, for
 *       {@link dev.weft.net.Server#listenFD}
 *   <li>{@link dev.weft.net.unix.PeerCredentials}: who is at the other end
 *   <li>{@link dev.weft.net.unix.PassingAddress}: a stream that passes open files and sockets, with
 *       {@link dev.weft.net.unix.DescriptorPassing}
 *   <li>{@link dev.weft.net.AbstractAddress}: names in Linux's abstract namespace
 * </ul>
 *
 * <p>Path sockets are pure Java. Everything else calls native code, for which Java 24 and later print a warning unless the
 * program is started with {@code --enable-native-access=dev.weft.net.unix,org.newsclub.net.unix} (on the class path
 * {@code =ALL-UNNAMED}). The second of them is junixsocket, which has abstract names and descriptor passing.
 *
 * <p>Start a service in a locale whose encoding is UTF-8, such as {@code LC_ALL=C.UTF-8}: in the {@code C} locale the JDK throws
 * on a client that has bound itself to a name with other bytes than ASCII, and keeps its descriptor open.
 */
@org.jspecify.annotations.NullMarked
package dev.weft.net.unix;
