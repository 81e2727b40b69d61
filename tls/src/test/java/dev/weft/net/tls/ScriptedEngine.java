// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import java.nio.ByteBuffer;
import java.security.NoSuchAlgorithmException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLSession;

/** An engine whose handshake is what a test says; nothing ever arrives for it. */
abstract class ScriptedEngine extends SSLEngine {
    volatile HandshakeStatus status = HandshakeStatus.NEED_WRAP;
    private final SSLEngine idle = idle();

    private static SSLEngine idle() {
        try {
            return SSLContext.getDefault().createSSLEngine();
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** Makes a record of one byte. */
    static SSLEngineResult record(ByteBuffer target, HandshakeStatus status) {
        target.put((byte) 1);
        return new SSLEngineResult(Status.OK, status, 0, 1);
    }

    @Override
    public SSLEngineResult unwrap(ByteBuffer source, ByteBuffer[] targets, int offset, int length) {
        return new SSLEngineResult(Status.BUFFER_UNDERFLOW, status, 0, 0);
    }

    @Override
    public HandshakeStatus getHandshakeStatus() {
        return status;
    }

    @Override
    public String getApplicationProtocol() {
        return "";
    }

    @Override
    public SSLSession getSession() {
        return idle.getSession();
    }

    @Override
    public Runnable getDelegatedTask() {
        return null;
    }

    @Override
    public void closeInbound() {}

    @Override
    public boolean isInboundDone() {
        return false;
    }

    @Override
    public void closeOutbound() {}

    @Override
    public boolean isOutboundDone() {
        return false;
    }

    @Override
    public String[] getSupportedCipherSuites() {
        return idle.getSupportedCipherSuites();
    }

    @Override
    public String[] getEnabledCipherSuites() {
        return idle.getEnabledCipherSuites();
    }

    @Override
    public void setEnabledCipherSuites(String[] suites) {}

    @Override
    public String[] getSupportedProtocols() {
        return idle.getSupportedProtocols();
    }

    @Override
    public String[] getEnabledProtocols() {
        return idle.getEnabledProtocols();
    }

    @Override
    public void setEnabledProtocols(String[] protocols) {}

    @Override
    public void beginHandshake() {}

    @Override
    public void setUseClientMode(boolean mode) {}

    @Override
    public boolean getUseClientMode() {
        return true;
    }

    @Override
    public void setNeedClientAuth(boolean need) {}

    @Override
    public boolean getNeedClientAuth() {
        return false;
    }

    @Override
    public void setWantClientAuth(boolean want) {}

    @Override
    public boolean getWantClientAuth() {
        return false;
    }

    @Override
    public void setEnableSessionCreation(boolean flag) {}

    @Override
    public boolean getEnableSessionCreation() {
        return true;
    }
}
