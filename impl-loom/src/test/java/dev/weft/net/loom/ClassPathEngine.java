// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.spi.NetProvider;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.util.Set;

/**
 * The engine as a program on the class path has it: in an unnamed module, where a service loader finds the providers that
 * META-INF/services names. These tests run inside the engine's own module, and providers in a named module count only if its
 * descriptor names them; so this loader defines the engine once more, and the providers beside it.
 */
final class ClassPathEngine extends ClassLoader {
    private static final String PACKAGE = "dev.weft.net.loom.";
    private static final Set<String> PROVIDERS = Set.of(PACKAGE + "PipeProvider", PACKAGE + "ToyProvider");
    private static final ClassPathEngine LOADER = new ClassPathEngine();

    private final String mainClasses = directory(LoomNet.class.getName());

    private ClassPathEngine() {
        super("class path engine", ClassPathEngine.class.getClassLoader());
    }

    static ClassLoader loader() {
        return LOADER;
    }

    static NetProvider create() {
        try {
            return (NetProvider)
                    LOADER.loadClass(LoomNet.class.getName()).getConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String path(String name) {
        return name.replace('.', '/') + ".class";
    }

    private String directory(String name) {
        URL url = getParent().getResource(path(name));
        return url == null ? "" : url.toString().substring(0, url.toString().lastIndexOf('/'));
    }

    private boolean isOurs(String name) {
        return PROVIDERS.contains(name)
                || (name.startsWith(PACKAGE) && directory(name).equals(mainClasses));
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            if (loaded != null) {
                return loaded;
            }
            return isOurs(name) ? define(name) : super.loadClass(name, resolve);
        }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
        try (InputStream in = getParent().getResourceAsStream(path(name))) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            byte[] bytes = in.readAllBytes();
            return defineClass(name, bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new ClassNotFoundException(name, e);
        }
    }
}
