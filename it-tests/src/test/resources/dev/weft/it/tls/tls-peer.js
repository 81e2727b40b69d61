// Node's tls as a peer: told what to do by its arguments, and what happens by lines.
//   node tls-peer.js connect PORT CA [KEY CERT]     sends each line of its input; ends with its input
//   node tls-peer.js listen KEY CERT [CA]           sends back what it gets, and "goodbye" at the end
'use strict';
const fs = require('fs');
const tls = require('tls');

const say = (line) => process.stdout.write(line + '\n');
const [mode, ...args] = process.argv.slice(2);
const read = (file) => file && fs.readFileSync(file);

function watch(socket) {
  socket.setEncoding('utf8');
  socket.on('data', (text) => say('data ' + JSON.stringify(text)));
  socket.on('end', () => say('end'));
  socket.on('error', (error) => say('error ' + error.code + ' ' + error.message));
  socket.on('close', (hadError) => say('close ' + hadError));
}

if (mode === 'connect') {
  const [port, ca, key, cert] = args;
  const socket = tls.connect({
    port, host: 'localhost', ca: read(ca), key: read(key), cert: read(cert), ALPNProtocols: ['weft', 'other'],
  }, () => say('secure ' + socket.getProtocol() + ' ' + socket.authorized + ' ' + socket.alpnProtocol));
  watch(socket);
  process.stdin.on('data', (chunk) => socket.write(chunk));
  process.stdin.on('end', () => socket.end());
} else {
  const [key, cert, ca] = args;
  const server = tls.createServer({
    key: read(key), cert: read(cert), ca: read(ca), requestCert: !!ca, rejectUnauthorized: !!ca, allowHalfOpen: true,
  }, (socket) => {
    say('secure ' + socket.getProtocol() + ' ' + socket.authorized + ' ' + socket.servername);
    watch(socket);
    socket.on('data', (text) => socket.write(text));
    socket.on('end', () => socket.end('goodbye'));
  });
  server.on('tlsClientError', (error) => say('refused ' + error.message));
  server.listen(0, '127.0.0.1', () => say('listening ' + server.address().port));
}
