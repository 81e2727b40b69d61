// SPDX-License-Identifier: Apache-2.0
//
// The server of the benchmark on Node's net.
//
// node server.js SCENARIO SIZE [THREADS, ignored] [BACKEND-PORT] [IDENTITY, for TLS]: prints "listening PORT" and serves until
// its standard input ends.
'use strict';

const fs = require('fs');
const net = require('net');
const path = require('path');
const tls = require('tls');

const HEADER = 8;
const CHUNK = Buffer.from(Array.from({ length: 64 * 1024 }, (_, i) => ((i % 251) * 131) % 251));
const [scenario, size, backendPort] = [process.argv[2], Number(process.argv[3]), Number(process.argv[5])];
const identity = process.argv[6];

const echo = socket => socket.on('data', data => socket.write(data));
const upload = socket => socket.on('data', () => {});

const download = socket => {
    const fill = () => {
        while (socket.writable && socket.write(CHUNK));
    };
    upload(socket).on('drain', fill);
    fill();
};

const proxy = socket => {
    const backend = net.connect({ port: backendPort, host: '127.0.0.1', noDelay: true });
    backend.on('error', () => socket.destroy());
    socket.on('close', () => backend.destroy());
    socket.pipe(backend).pipe(socket);
};

const twoWrites = socket => {
    let offset = 0; // where in the current message the next byte belongs
    socket.on('data', data => {
        for (let start = 0; start < data.length; ) {
            const toCut = (offset < HEADER ? HEADER : size) - offset;
            const part = data.subarray(start, start + toCut);
            socket.write(part);
            start += part.length;
            offset = (offset + part.length) % size;
        }
    });
};

const behaviours = {
    echo,
    unix: echo,
    connect: echo,
    idle: echo,
    twowrites: twoWrites,
    upload,
    download,
    duplex: download,
    proxy,
    proxymsg: proxy,
    tls: echo,
    tlsupload: upload,
    tlsdownload: download,
    handshakes: echo,
    tlsidle: echo,
};

if (!(scenario in behaviours)) {
    console.log(`unavailable: no scenario ${scenario} here`);
    process.exit(0);
}

const serve = socket => {
    socket.on('error', () => socket.destroy());
    behaviours[scenario](socket);
};
const server = identity
    ? tls.createServer({
          noDelay: true,
          minVersion: 'TLSv1.3',
          key: fs.readFileSync(path.join(identity, 'key.pem')),
          cert: fs.readFileSync(path.join(identity, 'cert.pem')),
      }, serve)
    : net.createServer({ noDelay: true }, serve);
if (scenario === 'unix') {
    const number = process.pid % 65535 + 1; // as UnixPath.java has it
    const file = path.join(process.env.TMPDIR || '/tmp', `weft-bench-${number}.sock`);
    fs.rmSync(file, { force: true });
    server.listen({ path: file, backlog: 4096 }, () => console.log(`listening ${number}`));
} else {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
        console.log(`listening ${server.address().port}`);
    });
}
process.stdin.on('end', () => {
    server.close(); // which removes a socket's file
    process.exit(0);
}).resume();
