// SPDX-License-Identifier: Apache-2.0
'use strict';

// One end of a connection. It is told what to do, and tells what happens, a line at a time.

const crypto = require('crypto');
const net = require('net');
const readline = require('readline');

const options = { allowHalfOpen: false };
let socket;
let onData = () => {};

function say(...words) {
  process.stdout.write(words.join(' ') + '\n');
}

function adopt(opened) {
  const received = crypto.createHash('sha256');
  let bytes = 0;
  socket = opened;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
    received.update(chunk);
    onData(chunk);
  });
  socket.on('end', () => say('end', bytes, received.digest('hex')));
  socket.on('error', (error) => say('error', error.code));
  socket.on('close', (hadError) => say('close', hadError));
}

function sendAll(bytes) {
  const sent = crypto.createHash('sha256');
  let left = bytes;
  const more = () => {
    while (left > 0) {
      const chunk = crypto.randomBytes(Math.min(left, 64 * 1024));
      left -= chunk.length;
      sent.update(chunk);
      if (!socket.write(chunk)) {
        socket.once('drain', more);
        return;
      }
    }
    say('sent', bytes, sent.digest('hex'));
    socket.end();
  };
  more();
}

function sayLines() {
  let text = '';
  onData = (chunk) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop();
    lines.forEach((line) => say('line', line));
  };
}

// Stops reading for some milliseconds after about every tenth chunk; numbers from a linear congruential generator.
function readSlowly(seed) {
  let state = seed >>> 0;
  const random = (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 16) % bound;
  };
  onData = () => {
    if (random(10) === 0) {
      socket.pause();
      setTimeout(() => socket.resume(), 1 + random(5));
    }
  };
}

const commands = {
  half: () => { options.allowHalfOpen = true; },
  lines: sayLines,
  echo: () => { onData = (chunk) => socket.write(chunk); },
  slow: (seed) => readSlowly(Number(seed)),
  listen: (path) => {
    const server = net.createServer(options, (accepted) => {
      adopt(accepted);
      say('connect');
    });
    if (path) {
      server.listen(path, () => say('listening', path));
    } else {
      server.listen(0, '127.0.0.1', () => say('listening', server.address().port));
    }
  },
  connect: (place) => {
    const address = place.startsWith('/') ? { path: place } : { port: Number(place), host: '127.0.0.1' };
    adopt(net.connect({ ...address, ...options }, () => say('connect')));
  },
  write: (...words) => socket.write(words.join(' ') + '\n'),
  send: (bytes) => sendAll(Number(bytes)),
  pause: () => socket.pause(),
  end: () => socket.end(),
  reset: () => socket.resetAndDestroy(),
  hello: () => say('hello'),
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const [name, ...args] = line.split(' ');
  commands[name](...args);
}).on('close', () => process.exit());
