// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.Credentials;
import dev.weft.net.spi.SecureTransport;
import dev.weft.net.spi.SecurityProvider;
import dev.weft.net.spi.Transport;
import java.util.concurrent.atomic.AtomicReference;

/** What is behind {@link ToyProvider}, whichever engine has loaded that. */
public final class ToySecurity {
    /** The layer that was laid most recently for a client, and for a server. */
    static final AtomicReference<ToyTransport> CLIENT = new AtomicReference<>();

    static final AtomicReference<ToyTransport> SERVER = new AtomicReference<>();

    private ToySecurity() {}

    /** Makes {@link SecurityProvider#installed()} find it: to be called before anything else looks for a provider. */
    static void install() {
        Thread self = Thread.currentThread();
        ClassLoader before = self.getContextClassLoader();
        self.setContextClassLoader(ClassPathEngine.loader());
        try {
            SecurityProvider installed = SecurityProvider.installed();
            if (!installed.getClass().getName().equals(ToyProvider.class.getName())) {
                throw new IllegalStateException("another security provider was found first: " + installed);
            }
        } finally {
            self.setContextClassLoader(before);
        }
    }

    public static Credentials credentials() {
        return new ToyCredentials();
    }

    public static SecureTransport secure(
            Transport plain, Credentials credentials, boolean client, String peerName, Runnable wantsFlush) {
        ToyCredentials ours = (ToyCredentials) credentials;
        ours.checkUsable();
        ToyTransport layer = new ToyTransport(plain, ours, client, peerName, wantsFlush);
        (client ? CLIENT : SERVER).set(layer);
        return layer;
    }
}
