// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import java.nio.ByteBuffer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * An engine as it was at the end of its handshake, for a trust manager, which asks an engine for nothing but the session of the
 * handshake that is under way and for its parameters.
 */
final class FinishedHandshake extends SSLEngine {
    private final SSLEngine engine;

    FinishedHandshake(SSLEngine engine) {
        super(engine.getPeerHost(), engine.getPeerPort());
        this.engine = engine;
    }

    @Override
    public SSLSession getHandshakeSession() {
        return engine.getSession();
    }

    @Override
    public SSLSession getSession() {
        return engine.getSession();
    }

    @Override
    public SSLParameters getSSLParameters() {
        return engine.getSSLParameters();
    }

    @Override
    public boolean getUseClientMode() {
        return engine.getUseClientMode();
    }

    @Override
    public String[] getSupportedCipherSuites() {
        return engine.getSupportedCipherSuites();
    }

    @Override
    public String[] getEnabledCipherSuites() {
        return engine.getEnabledCipherSuites();
    }

    @Override
    public String[] getSupportedProtocols() {
        return engine.getSupportedProtocols();
    }

    @Override
    public String[] getEnabledProtocols() {
        return engine.getEnabledProtocols();
    }

    @Override
    public boolean getNeedClientAuth() {
        return engine.getNeedClientAuth();
    }

    @Override
    public boolean getWantClientAuth() {
        return engine.getWantClientAuth();
    }

    @Override
    public boolean getEnableSessionCreation() {
        return engine.getEnableSessionCreation();
    }

    @Override
    public SSLEngineResult.HandshakeStatus getHandshakeStatus() {
        return SSLEngineResult.HandshakeStatus.NOT_HANDSHAKING;
    }

    @Override
    public @Nullable Runnable getDelegatedTask() {
        return null;
    }

    // -- What changes an engine. --

    private static UnsupportedOperationException onlyToLookAt() {
        return new UnsupportedOperationException("this handshake is over");
    }

    @Override
    public SSLEngineResult wrap(ByteBuffer[] sources, int offset, int length, ByteBuffer target) {
        throw onlyToLookAt();
    }

    @Override
    public SSLEngineResult unwrap(ByteBuffer source, ByteBuffer[] targets, int offset, int length) {
        throw onlyToLookAt();
    }

    @Override
    public void closeInbound() {
        throw onlyToLookAt();
    }

    @Override
    public boolean isInboundDone() {
        return engine.isInboundDone();
    }

    @Override
    public void closeOutbound() {
        throw onlyToLookAt();
    }

    @Override
    public boolean isOutboundDone() {
        return engine.isOutboundDone();
    }

    @Override
    public void beginHandshake() {
        throw onlyToLookAt();
    }

    @Override
    public void setEnabledCipherSuites(String[] suites) {
        throw onlyToLookAt();
    }

    @Override
    public void setEnabledProtocols(String[] protocols) {
        throw onlyToLookAt();
    }

    @Override
    public void setUseClientMode(boolean mode) {
        throw onlyToLookAt();
    }

    @Override
    public void setNeedClientAuth(boolean need) {
        throw onlyToLookAt();
    }

    @Override
    public void setWantClientAuth(boolean want) {
        throw onlyToLookAt();
    }

    @Override
    public void setEnableSessionCreation(boolean flag) {
        throw onlyToLookAt();
    }
}
