'use strict';

// A registry that serves one packed file, and sends for everything else to the registry that npm is
// configured for: so that commands are run as the documents give them. A process of its own, which
// prints its URL: `node registry.js FILE UPSTREAM`.

const { createHash } = require('crypto');
const fs = require('fs');
const http = require('http');

const [, , file, upstream] = process.argv;
const manifest = require('../../../package.json');

const { name, version } = manifest;
const bytes = fs.readFileSync(file);
const tarball = `/${name}/-/${name}-${version}.tgz`;

const server = http.createServer((req, res) => {
  const [path] = req.url.split('?');
  if (path === tarball) {
    res.setHeader('Content-Type', 'application/octet-stream').end(bytes);
  } else if (path === `/${name}`) {
    const dist = {
      integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
      shasum: createHash('sha1').update(bytes).digest('hex'),
      tarball: `http://127.0.0.1:${server.address().port}${tarball}`
    };
    const document = {
      name,
      'dist-tags': { latest: version },
      versions: { [version]: { ...manifest, _id: `${name}@${version}`, dist } },
      // Package managers wait some days before they take what is new.
      time: { [version]: '2020-01-01T00:00:00.000Z' }
    };
    res.setHeader('Content-Type', 'application/json').end(JSON.stringify(document));
  } else {
    res.writeHead(302, { Location: new URL(req.url.slice(1), upstream).href }).end();
  }
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
