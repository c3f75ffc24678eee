'use strict';

const native = require('./addon');

/**
 * The numbers that lib/ and the addon both know, by group: `event` (kinds of records), `record`,
 * `opcode` and `flag` (of frames to be sent), `stream` (what is to be done with one), `failure` (what a
 * connection has met), `turn` (what a connection takes in in one), `stage` (of a connection). They are written in src/binding/seam.h, or
 * where src/binding/calls_protocol.cc has them from, and nowhere else.
 *
 * @type {Object<String, Object<String, Number>>}
 */
const seam = Object.freeze(native.seam());

module.exports = seam;
