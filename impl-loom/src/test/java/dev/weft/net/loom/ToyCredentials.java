// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.Credentials;
import java.io.IOException;

/** What a toy layer is to do, and what is to go wrong. */
final class ToyCredentials extends Credentials {
    private volatile boolean unusable;
    private volatile boolean refusesPeer;
    private volatile Exception onConfirm;
    private volatile boolean asksForTheMode = true;
    private final FakeTransport.Gate making = new FakeTransport.Gate();
    private volatile boolean holdsMaking;

    /** The layer cannot even be made. */
    ToyCredentials unusable() {
        unusable = true;
        return this;
    }

    /** The layer is made when the test opens the gate. */
    FakeTransport.Gate holdMaking() {
        holdsMaking = true;
        return making;
    }

    /** The handshake fails on this side, at the peer's first message. */
    ToyCredentials refusesPeer() {
        refusesPeer = true;
        return this;
    }

    ToyCredentials failsToConfirm(Exception failure) {
        onConfirm = failure;
        return this;
    }

    /** The layer goes by the SPI's word alone: calls park at first, until configureBlocking says otherwise. */
    ToyCredentials byTheBook() {
        asksForTheMode = false;
        return this;
    }

    void checkUsable() {
        if (holdsMaking) {
            making.pass();
        }
        if (unusable) {
            throw new IllegalArgumentException("unusable credentials");
        }
    }

    void checkPeer() throws IOException {
        if (refusesPeer) {
            throw new IOException("refused by our credentials");
        }
    }

    void checkConfirm() throws IOException {
        switch (onConfirm) {
            case IOException failure -> throw failure;
            case RuntimeException failure -> throw failure;
            case null, default -> {}
        }
    }

    boolean asksForTheMode() {
        return asksForTheMode;
    }
}
