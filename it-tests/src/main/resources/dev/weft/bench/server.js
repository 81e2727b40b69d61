// SPDX-License-Identifier: Apache-2.0
//
// The echo server of the benchmark on Node's net.
//
// node server.js SCENARIO SIZE [THREADS, ignored]: prints "listening PORT" and serves until its standard input ends.
'use strict';

const net = require('net');

const HEADER = 8;
const [scenario, size] = [process.argv[2], Number(process.argv[3])];

const behaviours = {
    echo: socket => socket.on('data', data => socket.write(data)),

    twowrites: socket => {
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
    },
};

if (!(scenario in behaviours)) {
    console.log(`unavailable: no scenario ${scenario} here`);
    process.exit(0);
}

const server = net.createServer({ noDelay: true }, socket => {
    socket.on('error', () => socket.destroy());
    behaviours[scenario](socket);
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
    console.log(`listening ${server.address().port}`);
});
process.stdin.on('end', () => process.exit(0)).resume();
