// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.util.List;

/** The scenarios. */
final class Scenarios {
    /** All there are; add new ones here. */
    static final List<Scenario> ALL = List.of(
            new Echo(),
            new UnixEcho(),
            new TwoWrites(),
            Bulk.upload(),
            Bulk.download(),
            Bulk.duplex(),
            Bulk.proxy(),
            new ProxyMessages(),
            Connect.plain(),
            Idle.plain(),
            new Foreign(),
            new TlsEcho(),
            Bulk.tlsUpload(),
            Bulk.tlsDownload(),
            Connect.handshakes(),
            Idle.tls());

    private Scenarios() {}
}
