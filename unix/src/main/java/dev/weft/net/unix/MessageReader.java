// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import java.io.FileDescriptor;
import java.io.IOException;
import java.lang.ref.Reference;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads bytes together with the descriptors that came with them. junixsocket has room for 60 of them; those that are more, and
 * the 60 too, are open in this process then, and no one knows their numbers.
 *
 * <p>{@code msghdr}, {@code iovec} and {@code cmsghdr} are laid out as 64-bit Linux has them. One thread at a time.
 */
final class MessageReader {
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_CMSG_CLOEXEC = 0x4000_0000;
    private static final int MSG_CTRUNC = 8;
    private static final int SCM_RIGHTS = 1;

    // struct msghdr
    private static final int MSG_IOV = 16;
    private static final int MSG_IOVLEN = 24;
    private static final int MSG_CONTROL = 32;
    private static final int MSG_CONTROLLEN = 40;
    private static final int MSG_FLAGS = 48;

    // struct iovec, after it
    private static final int IOV = 56;
    private static final int IOV_LEN = IOV + 8;

    // struct cmsghdr and its data, after that
    private static final int CONTROL = IOV + 16;
    private static final int CMSG_LEVEL = 8;
    private static final int CMSG_TYPE = 12;
    private static final int CMSG_DATA = 16;

    /** {@code CMSG_SPACE} of as many as one message can have. */
    private static final int CONTROL_SIZE = (CMSG_DATA + DescriptorPassing.MAX_DESCRIPTORS * Integer.BYTES + 7) / 8 * 8;

    /** For buffers that are not direct. */
    private static final int COPY_SIZE = 16 << 10;

    private final ByteBuffer message =
            ByteBuffer.allocateDirect(CONTROL + CONTROL_SIZE).order(ByteOrder.nativeOrder());
    private final long address = Posix.addressOf(message);
    private @Nullable ByteBuffer copy;

    /**
     * Reads without waiting.
     *
     * @param passed the descriptors that came are added
     * @return how many bytes, 0 if there are none yet, -1 at the end
     */
    int read(int fd, ByteBuffer target, List<FileDescriptor> passed) throws IOException {
        if (target.isDirect()) {
            int n = receive(fd, target, passed);
            if (n > 0) {
                target.position(target.position() + n);
            }
            return n;
        }
        ByteBuffer direct = copy;
        if (direct == null) {
            direct = ByteBuffer.allocateDirect(COPY_SIZE);
            copy = direct;
        }
        direct.clear().limit(Math.min(COPY_SIZE, target.remaining()));
        int n = receive(fd, direct, passed);
        if (n > 0) {
            target.put(direct.limit(n));
        }
        return n;
    }

    private int receive(int fd, ByteBuffer direct, List<FileDescriptor> passed) throws IOException {
        message.putLong(MSG_IOV, address + IOV).putLong(MSG_IOVLEN, 1);
        message.putLong(MSG_CONTROL, address + CONTROL).putLong(MSG_CONTROLLEN, CONTROL_SIZE);
        message.putLong(IOV, Posix.addressOf(direct)).putLong(IOV_LEN, direct.remaining());
        long n;
        try {
            n = Posix.recvmsg(fd, address, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        } finally {
            Reference.reachabilityFence(direct);
        }
        if (n < 0) {
            return failed(fd, (int) -n);
        }
        takePassed(passed);
        if ((message.getInt(MSG_FLAGS) & MSG_CTRUNC) != 0) {
            throw new SocketException("Too many open files: not all descriptors that the peer has passed could be had");
        }
        return n == 0 ? -1 : (int) n;
    }

    private static int failed(int fd, int errno) throws IOException {
        return switch (errno) {
            case Posix.EAGAIN, Posix.EINTR -> 0;
            case Posix.ECONNRESET -> throw new SocketException("Connection reset");
            default -> throw new Posix.Failure("recvmsg", fd, errno);
        };
    }

    private void takePassed(List<FileDescriptor> passed) throws IOException {
        long end = CONTROL + message.getLong(MSG_CONTROLLEN);
        for (int at = CONTROL; at + CMSG_DATA <= end; ) {
            int length = (int) message.getLong(at);
            if (length < CMSG_DATA) {
                return;
            }
            if (message.getInt(at + CMSG_LEVEL) == Posix.SOL_SOCKET && message.getInt(at + CMSG_TYPE) == SCM_RIGHTS) {
                for (int data = at + CMSG_DATA; data + Integer.BYTES <= at + length; data += Integer.BYTES) {
                    passed.add(Junix.descriptor(message.getInt(data)));
                }
            }
            at += (length + 7) / 8 * 8;
        }
    }
}
